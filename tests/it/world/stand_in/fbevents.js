// Plays Meta's script: drains fbq's queue and sends PageView as an image, after a look at the pixel's configuration.
(function () {
  var fbq = window.fbq, ids = [];
  function hit(id, name, options) {
    var url = "https://www.facebook.com/tr/?id=" + id + "&ev=" + name + "&dl=" + encodeURIComponent(location.href) +
      "&ts=" + Date.now() + (options && options.eventID ? "&eid=" + encodeURIComponent(options.eventID) : "");
    var config = document.createElement("script");
    config.onload = function () { new Image().src = url; };
    config.src = "https://connect.facebook.net/signals/config/" + id;
    document.head.appendChild(config);
  }
  fbq.callMethod = function (command, a, b, c, d) {
    if (command === "init") ids.push(a);
    if (command === "track") ids.forEach(function (id) { hit(id, a, c); });
    if (command === "trackSingle") hit(a, b, d);
  };
  fbq.queue.splice(0).forEach(function (call) { fbq.callMethod.apply(fbq, call); });
})();
