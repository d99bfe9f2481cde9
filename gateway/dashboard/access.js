// Who the viewer is: /#token=<token>. The token stays in this tab, and out of the address.
// Where one is needed and there is none, the modules that import this one never run.

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname + location.search);
}
const token = sessionStorage.getItem("token");

export const protocols = token ? ["windsock", `bearer.${token}`] : [];

export function read(path) {
  return fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
}

const answer = await read("/api/devices?limit=1").catch(() => null);
if (answer?.status === 401) {
  sessionStorage.removeItem("token");
  const state = document.getElementById("state");
  state.dataset.state = "stale";
  state.textContent = "no access: open this page with #token=… behind its address";
  addEventListener("hashchange", () => location.reload());
  await new Promise(() => {});
}
