// serves: ^https://amplify\.outbrain\.com/cp/obtp\.js
// Plays Outbrain's pixel: sends each queued PAGE_VIEW of each marketer by fetch, without keepalive.
(function () {
  var api = window.obApi;
  if (!api || !api.loaded || api.version !== "1.1" || !Array.isArray(api.queue)) return;
  api.dispatch = function (command, name) {
    if (command !== "track") return;
    [].concat(api.marketerId).forEach(function (id) {
      if (!id) return;
      fetch("https://tr.outbrain.com/unifiedPixel?optOut=false&marketerId=" + id + "&name=" + name + "&dl=" + encodeURIComponent(location.href),
        { credentials: "include" });
    });
  };
  api.queue.splice(0).forEach(function (call) { api.dispatch.apply(api, call); });
})();
