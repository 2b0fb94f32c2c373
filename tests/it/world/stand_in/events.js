// Plays TikTok's pixel: drains the array that ttq must be and sends each Pageview by sendBeacon, the code in the body only.
(function () {
  var ttq = window[window.TiktokAnalyticsObject || "ttq"];
  if (!Array.isArray(ttq)) return;
  function hit(code, options) {
    var body = { event: "Pageview", event_id: options && options.event_id, context: { pixel: { code: code }, page: { url: location.href } } };
    navigator.sendBeacon("https://analytics.tiktok.com/api/v2/pixel", JSON.stringify(body));
  }
  function drain(queue, codes) {
    queue.splice(0).forEach(function (call) {
      if (call[0] === "page") codes.forEach(function (code) { hit(code, call[2]); });
    });
  }
  var codes = Object.keys(ttq._i || {});
  codes.forEach(function (code) { drain(ttq._i[code], [code]); });
  drain(ttq, codes);
})();
