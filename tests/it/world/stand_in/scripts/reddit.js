// serves: ^https://www\.redditstatic\.com/ads/pixel\.js
// Plays Reddit's pixel: drains rdt's queue, fetches each pixel's configuration and sends its page visit as an image.
(function () {
  var rdt = window.rdt, pixels = {};
  if (!rdt || !Array.isArray(rdt.callQueue)) return;
  function hit(id, name, values) {
    var options = pixels[id], url = "https://alb.reddit.com/rp.gif?ts=" + Date.now() + "&id=" + id + "&event=" + name;
    if (options.optOut) return;
    if (options.dpm) url += "&dpm=" + options.dpm;
    if (values && values.conversionId) url += "&m.conversionId=" + encodeURIComponent(values.conversionId);
    fetch("https://pixel-config.reddit.com/pixels/" + id + "/config", { mode: "no-cors" })
      .then(function () { new Image().src = url; });
  }
  rdt.sendEvent = function (command, first, second) {
    if (command === "init") pixels[first] = second || {};
    if (command === "track") Object.keys(pixels).forEach(function (id) { hit(id, first, second); });
  };
  rdt.callQueue.splice(0).forEach(function (call) { rdt.sendEvent.apply(rdt, call); });
})();
