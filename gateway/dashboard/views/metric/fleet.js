// All devices that the viewer may see, as the server pages them.

const PAGE = 500;

// Calls `take(devices)` with each page, for at most so many devices; resolves to whether that were all.
// Rejects if the server cannot be asked. It ends early when `ended()`.
export async function readFleet(client, take, { most, ended = () => false }) {
  let after = "";
  for (let count = 0; count < most; ) {
    const { data } = await client.rpc("devices", { after, limit: Math.min(PAGE, most - count) });
    if (ended()) return false;
    take(data.devices);
    count += data.devices.length;
    if (data.next === null) return true;
    after = data.next;
  }
  return false;
}
