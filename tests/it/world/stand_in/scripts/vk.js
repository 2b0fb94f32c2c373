// serves: ^https://top-fwz1\.mail\.ru/js/code\.js
// Plays the Top.Mail.Ru counter: sends each pageView in the array as an image, its parameters parted by semicolons.
(function () {
  var queue = window._tmr;
  if (!Array.isArray(queue)) return;
  queue.splice(0).forEach(function (call) {
    if (call.type !== "pageView" || !call.id || typeof call.start !== "number") return;
    new Image().src = "https://top-fwz1.mail.ru/counter?js=13;id=" + call.id + ";u=" + encodeURIComponent(location.href) + ";st=" + call.start;
  });
})();
