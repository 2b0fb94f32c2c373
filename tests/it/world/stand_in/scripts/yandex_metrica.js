// serves: ^https://mc\.yandex\.ru/metrika/tag\.js
// Plays Metrica's tag: sends the page view of each init by fetch, without keepalive, unless it is deferred.
(function () {
  var queue = window.ym && window.ym.a;
  if (!Array.isArray(queue) || typeof window.ym.l !== "number") return;
  queue.splice(0).forEach(function (call) {
    var options = call[2] || {};
    if (call[1] !== "init" || !call[0] || options.defer || options.webvisor || options.clickmap) return;
    fetch("https://mc.yandex.ru/watch/" + call[0] + "?wmode=7&page-url=" + encodeURIComponent(location.href), { credentials: "include" });
  });
})();
