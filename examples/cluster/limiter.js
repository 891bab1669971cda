/*
 * A rate limiter for all workers together: a number of requests of each client in a window of time.
 */
'use strict';

const WINDOW = 1000; /* ms */
const LIMIT = 100; /* requests of one client in a window */
const MOST = 1000; /* clients with a limit of their own; all others share one */

/* Whether a request of this client is allowed. An allowed request is counted. `limits`: a Share. */
function admit(limits, client) {
  let isAllowed;
  limits.update(({ window, windows, used }) => {
    /* Read under the lock, so that no process uses an old time. A clock that was set back does not begin a
     * new window. */
    const now = Math.floor(Date.now() / WINDOW);
    if (now > window) {
      isAllowed = true;
      return { window: now, windows: windows + 1, used: { [client]: 1 } };
    }
    const key = client in used || Object.keys(used).length < MOST ? client : 'others';
    const before = used[key] ?? 0;
    isAllowed = before < LIMIT;
    if (isAllowed) used[key] = before + 1;
    return { window, windows, used };
  });
  return isAllowed;
}

module.exports = { LIMIT, WINDOW, admit };
