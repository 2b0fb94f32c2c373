// serves: ^https://sc-static\.net/scevent\.min\.js
// Plays Snap's pixel: drains snaptr's queue, loads each pixel's configuration and sends its page view by sendBeacon, as a form.
(function () {
  var snaptr = window.snaptr, ids = [];
  if (!snaptr || !Array.isArray(snaptr.queue) || snaptr.version !== "1.0") return;
  function hit(id, name, values) {
    var config = document.createElement("script");
    config.onload = function () {
      var form = new URLSearchParams({ pid: id, ev: name, pl: location.href, ts: Date.now() });
      if (values && values.client_dedup_id) form.set("cdid", values.client_dedup_id);
      navigator.sendBeacon("https://tr.snapchat.com/p", form);
    };
    config.src = "https://tr.snapchat.com/config/US/" + id + ".js";
    document.head.appendChild(config);
  }
  snaptr.handleRequest = function (command, first, second) {
    if (command === "init") ids.push(first);
    if (command === "track") ids.forEach(function (id) { hit(id, first, second); });
  };
  snaptr.queue.splice(0).forEach(function (call) { snaptr.handleRequest.apply(snaptr, call); });
})();
