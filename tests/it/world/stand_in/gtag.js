// Plays Google's tag: reads window.dataLayer and sends each AW- configuration's page view as a script request.
(function () {
  var layer = window.dataLayer, done = {};
  function hit(id) {
    if (done[id]) return;
    done[id] = true;
    var script = document.createElement("script");
    script.src = "https://googleads.g.doubleclick.net/pagead/viewthroughconversion/" + id.slice(3) + "/?random=" + Date.now() +
      "&cv=11&en=page_view&url=" + encodeURIComponent(location.href);
    document.head.appendChild(script);
  }
  function take(call) {
    if (call[0] === "config" && !(call[2] && call[2].send_page_view === false)) hit(call[1]);
    if (call[0] === "event" && call[1] === "page_view") hit(call[2].send_to);
  }
  layer.slice().forEach(take);
  layer.push = function (call) { take(call); return Array.prototype.push.call(layer, call); };
})();
