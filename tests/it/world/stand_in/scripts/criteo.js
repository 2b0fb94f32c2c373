// serves: ^https://dynamic\.criteo\.com/js/ld/ld\.js\?
// Plays Criteo's OneTag: asks for an identity, then sends each push as a script request; the push must name account and kind of device.
(function () {
  var queue = window.criteo_q, account, device;
  if (!Array.isArray(queue)) return;
  function hit(account, device) {
    var script = document.createElement("script");
    script.src = "https://sslwidget.criteo.com/event?a=" + encodeURIComponent(account) + "&v=5.23.0&p0=e%3Dexd%26site_type%3D" + device +
      "&p1=e%3Dvp&tld=" + encodeURIComponent(location.hostname);
    document.head.appendChild(script);
  }
  var hits = [];
  queue.splice(0).forEach(function (one) {
    if (one.event === "setAccount") { account = one.account; device = ""; }
    if (one.event === "setSiteType") device = one.type;
    if (one.event === "viewPage" && account && /^[dmt]$/.test(device)) hits.push([account, device]);
  });
  fetch("https://gum.criteo.com/sid/json?origin=onetag", { credentials: "include" }).then(function () {
    hits.forEach(function (one) { hit(one[0], one[1]); });
  });
})();
