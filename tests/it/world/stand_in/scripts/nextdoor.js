// serves: ^https://ads\.nextdoor\.com/public/pixel/ndp\.js
// Plays Nextdoor's pixel: sends each queued PAGE_VIEW as an image for the pixel of the last init.
(function () {
  var ndp = window.ndp, id;
  if (!ndp || !Array.isArray(ndp.queue)) return;
  ndp.handleRequest = function (command, value, options) {
    if (command === "init") id = value;
    if (command !== "track" || !id) return;
    new Image().src = "https://flask.nextdoor.com/pixel?pid=" + id + "&ev=" + value + "&url=" + encodeURIComponent(location.href) +
      (options && options.event_id ? "&event_id=" + encodeURIComponent(options.event_id) : "");
  };
  ndp.queue.splice(0).forEach(function (call) { ndp.handleRequest.apply(ndp, call); });
})();
