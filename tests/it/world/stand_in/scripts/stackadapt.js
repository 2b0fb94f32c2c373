// serves: ^https://tags\.srv\.stackadapt\.com/events\.js
// Plays StackAdapt's pixel: sends ts to saq_pxl and rt to rt, by fetch without keepalive.
(function () {
  var saq = window.saq;
  if (!saq || !Array.isArray(saq.queue) || window._saq !== saq) return;
  saq.callMethod = function (command, id) {
    var paths = { ts: "saq_pxl?uid=", rt: "rt?sid=" };
    if (!paths[command] || !id) return;
    fetch("https://tags.srv.stackadapt.com/" + paths[command] + id + "&is_js=true&url=" + encodeURIComponent(location.href),
      { credentials: "include" });
  };
  saq.queue.splice(0).forEach(function (call) { saq.callMethod.apply(saq, call); });
})();
