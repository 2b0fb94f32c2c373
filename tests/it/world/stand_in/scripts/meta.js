// serves: ^https://connect\.facebook\.net/[a-zA-Z_]+/fbevents\.js
// Plays Meta's script: drains fbq's queue and sends PageView as an image, after a look at the pixel's configuration.
(function () {
  var fbq = window.fbq, ids = [], held = [], granted = true, wire = "";
  function send(url) { if (granted) new Image().src = url; else held.push(url); }
  function hit(id, name, options) {
    var url = "https://www.facebook.com/tr/?id=" + id + "&ev=" + name + "&dl=" + encodeURIComponent(location.href) +
      "&ts=" + Date.now() + (options && options.eventID ? "&eid=" + encodeURIComponent(options.eventID) : "") + wire;
    var config = document.createElement("script");
    config.onload = function () { send(url); };
    config.src = "https://connect.facebook.net/signals/config/" + id;
    document.head.appendChild(config);
  }
  if (!fbq || !fbq.queue || fbq.version !== "2.0") return;
  fbq.callMethod = function (command, a, b, c, d) {
    if (command === "dataProcessingOptions" && a[0] === "LDU" && !ids.length) wire = "&dpo=LDU&dpoco=" + b + "&dpost=" + c;
    if (command === "consent") granted = a === "grant";
    if (granted) held.splice(0).forEach(send);
    if (command === "init") ids.push(a);
    if (command === "track") ids.forEach(function (id) { hit(id, a, c); });
    if (command === "trackSingle" && ids.indexOf(a) >= 0) hit(a, b, d);
  };
  fbq.queue.splice(0).forEach(function (call) { fbq.callMethod.apply(fbq, call); });
})();
