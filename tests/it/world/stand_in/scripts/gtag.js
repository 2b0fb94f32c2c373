// serves: ^https://www\.googletagmanager\.com/gtag/js\?id=(AW|G|GT|DC)-
// Plays Google's tag: reads dataLayer and sends each AW- page view as a script, G- by fetch with keepalive, DC- as an image.
(function () {
  var layer = window.dataLayer, started = false, configured = {}, wire = "";
  function script(url) {
    var node = document.createElement("script");
    node.src = url;
    document.head.appendChild(node);
  }
  function page(id) {
    var where = encodeURIComponent(location.href), digits = id.replace(/^[A-Z]+-/, "");
    if (/^AW-/.test(id)) {
      script("https://googleads.g.doubleclick.net/pagead/viewthroughconversion/" + digits + "/?random=" + Date.now() +
        "&cv=11&en=page_view&url=" + where + wire);
    }
    if (/^G-/.test(id)) {
      fetch("https://www.google-analytics.com/g/collect?v=2&tid=" + id + "&en=page_view&dl=" + where + wire,
        { method: "POST", mode: "no-cors", keepalive: true });
    }
  }
  function conversion(to) {
    var dc = /^DC-(\d+)\/([^\/]+)\/([^+]+)\+(\w+)$/.exec(to), aw = /^AW-(\d+)\/(.+)$/.exec(to);
    if (dc && configured["DC-" + dc[1]]) {
      new Image().src = "https://ad.doubleclick.net/activity;src=" + dc[1] + ";type=" + dc[2] + ";cat=" + dc[3] +
        ";ord=" + Date.now() + wire.replace(/&/g, ";") + "?";
    }
    if (aw && configured["AW-" + aw[1]]) {
      script("https://www.googleadservices.com/pagead/conversion/" + aw[1] + "/?label=" + aw[2] + wire);
    }
  }
  function take(call) {
    if (Object.prototype.toString.call(call) !== "[object Arguments]") return;
    var of = call[2] || {};
    if (call[0] === "js") started = call[1] instanceof Date;
    if (call[0] === "consent" && call[1] === "default" && !Object.keys(configured).length) {
      wire += "&gcs=G1" + (of.ad_storage === "granted" ? 1 : 0) + (of.analytics_storage === "granted" ? 1 : 0);
    }
    if (call[0] === "set" && call[1] === "allow_ad_personalization_signals" && call[2] === false) wire += "&npa=1";
    if (call[0] === "config" && started && !configured[call[1]]) {
      configured[call[1]] = true;
      if (of.send_page_view !== false) page(call[1]);
    }
    if (call[0] === "event" && call[1] === "conversion") conversion(of.send_to);
  }
  if (!Array.isArray(layer)) return;
  layer.slice().forEach(take);
  layer.push = function (call) { take(call); return Array.prototype.push.call(layer, call); };
})();
