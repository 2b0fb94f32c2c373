// serves: ^https://analytics\.tiktok\.com/i18n/pixel/events\.js\?
// Plays TikTok's pixel: reads the array that ttq must be, fetches the configuration and sends its own code's Pageview by
// sendBeacon, the code in the body only.
(function () {
  var ttq = window[window.TiktokAnalyticsObject], code = new URL(document.currentScript.src).searchParams.get("sdkid");
  if (!Array.isArray(ttq) || !ttq._i || !ttq._i[code] || !ttq._i[code]._u || !ttq._t[code] || !ttq._o[code]) return;
  function hit() {
    var body = { event: "Pageview", context: { pixel: { code: code }, page: { url: location.href } } };
    if (ttq._o[code].limited_data_use) body.limited_data_use = true;
    navigator.sendBeacon("https://analytics.tiktok.com/api/v2/pixel", JSON.stringify(body));
  }
  var held = false, pages = 0;
  ttq.concat(ttq._i[code]).forEach(function (call) {
    if (call[0] === "holdConsent" || call[0] === "revokeConsent") held = true;
    if (call[0] === "grantConsent") held = false;
    if (call[0] === "page") pages++;
  });
  if (held || !pages) return;
  var config = document.createElement("script");
  config.onload = hit;
  config.src = "https://analytics.tiktok.com/i18n/pixel/config.js?sdkid=" + code;
  document.head.appendChild(config);
})();
