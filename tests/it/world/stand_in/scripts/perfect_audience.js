// serves: ^https://tag\.perfectaudience\.com/serve/[0-9a-f]+\.js
// Plays Perfect Audience's tag: the site is in its own address, the page view is an image that does not name it.
(function () {
  if (typeof window._pa !== "object" || !Array.isArray(window._pq)) return;
  new Image().src = "https://pixel.prfct.co/tagjs?a_id=1&source=js_tag&r=" + Date.now();
})();
