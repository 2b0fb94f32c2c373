// Fires the pixels of one visit, leaves, and says what became of them. Called with the page's settings and, where a
// network fires by its script, with what watches scripts. Settings: d destination, t token of the receipt, b budget in
// ms, w whether to wait for answers, o what a preview shows in place of leaving, c what is known of consent, p pixels (the address of an image, what the hit of a
// script looks like, or 1 for code that follows in the page), s tags. Whatever goes wrong in here, in a tag or in such
// code, the page leaves at the budget.
(function (c, watch) {
  var zero = now(), left, told, open = 1, held = [], pictures = [], beacon = navigator.sendBeacon, send = window.fetch,
    states = c.p.map(function () { return ["timed_out", 0]; });
  function now() { return performance.now(); }
  function state(i, name) { states[i] = [name, Math.round(now() - zero)]; }
  function leave() { if (!left) { left = 1; if (c.o) c.o(states, c.d); else location.replace(c.d); } }
  function release() { --open || leave(); }
  function hold(i) { if (!held[i]) { held[i] = 1; open++; } }
  // What is known of a pixel now; the page waits for it no longer.
  function note(i, name) { state(i, name); if (held[i]) { held[i] = 0; release(); } }
  // Refused within milliseconds is the work of a blocker.
  function lost(at, name) { return now() - at < 25 ? "blocked" : name; }
  function late() { held.forEach(function (h, i) { if (h) state(i, "timed_out"); }); leave(); }
  function tell() {
    if (told || c.o) return;
    told = 1;
    try { beacon.call(navigator, "/_receipt", JSON.stringify({ t: c.t, p: states })); } catch (e) {}
  }
  function fire(url, i) {
    var at = now(), picture;
    try {
      if (!("keepalive" in Request.prototype)) throw 0;
      send(url, { mode: "no-cors", keepalive: true, credentials: "include", cache: "no-store" })
        .then(function () { note(i, "fired"); }, function () { note(i, lost(at, "failed")); });
      state(i, "sent");
      if (c.w) hold(i);
    } catch (e) {
      hold(i);
      picture = pictures[i] = new Image();
      picture.onload = function () { note(i, "fired"); };
      // an answer that is no image is an answer
      picture.onerror = function () { note(i, lost(at, "fired")); };
      picture.src = url;
    }
  }
  // What code in the page starts holds up the load event.
  function settle(name, is) { c.p.forEach(function (p, i) { if (p === 1 && held[i] && is(i)) note(i, name); }); }
  addEventListener("error", function () {
    var at = document.currentScript;
    if (at) settle("failed", function (i) { return at.dataset.p == i; });
  });
  addEventListener("load", function () { settle("fired", function () { return 1; }); });
  addEventListener("pagehide", tell);
  addEventListener("visibilitychange", function () { if (left && document.visibilityState == "hidden") tell(); });
  addEventListener("pageshow", function (e) { if (e.persisted) location.replace(c.d); });
  setTimeout(late, c.b);
  // a destination that never replaces the page, such as a download
  setTimeout(tell, c.b + 4000);
  try {
    c.p.forEach(function (p, i) { if (typeof p == "string") fire(p, i); else if (p === 1) hold(i); });
    if (watch) watch(c, states, hold, note, lost, now, fire);
  } catch (e) {}
  release();
})
