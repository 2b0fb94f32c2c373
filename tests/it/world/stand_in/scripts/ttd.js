// serves: ^https://js\.adsrvr\.org/up_loader\.
// Plays The Trade Desk's loader: init loads the pixel itself, which sends each universal pixel's page view as a frame.
(function () {
  window.ttd_dom_ready = function (ready) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready); else ready();
  };
  window.TTDUniversalPixelApi = function () {};
  window.TTDUniversalPixelApi.prototype.init = function (advertiser, pixels, base) {
    if (!advertiser || !Array.isArray(pixels) || base !== "https://insight.adsrvr.org/track/up") return;
    var script = document.createElement("script");
    script.onload = function () {
      pixels.forEach(function (pixel) {
        var frame = document.createElement("iframe");
        frame.style.display = "none";
        frame.src = base + "?adv=" + advertiser + "&ref=" + encodeURIComponent(location.href) + "&upid=" + pixel + "&upv=1.1.0";
        document.body.appendChild(frame);
      });
    };
    script.src = "https://js.adsrvr.org/universal_pixel.1.1.3.js";
    document.head.appendChild(script);
  };
})();
