// Tells listeners. One that fails is reported as the page's error, and keeps nothing from the others, nor from the SDK,
// which closes the connection for good when a handler throws.

export function tellEach(listeners, call) {
  for (const listener of [...listeners]) {
    try {
      call(listener);
    } catch (error) {
      (globalThis.reportError ?? console.error)(error);
    }
  }
}
