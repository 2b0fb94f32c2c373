// serves: ^https://a\.quora\.com/qevents\.js
// Plays Quora's pixel: drains qp's queue and sends each pixel's page view as an image.
(function () {
  var qp = window.qp, ids = [];
  if (!qp || !Array.isArray(qp.queue)) return;
  qp.qp = function (command, first, values) {
    if (command === "init") ids.push(first);
    if (command !== "track") return;
    ids.forEach(function (id) {
      new Image().src = "https://q.quora.com/_/ad/" + id + "/pixel?j=1&u=" + encodeURIComponent(location.href) + "&tag=" + first +
        "&ts=" + Date.now() + (values && values.event_id ? "&event_id=" + encodeURIComponent(values.event_id) : "");
    });
  };
  qp.queue.splice(0).forEach(function (call) { qp.qp.apply(qp, call); });
})();
