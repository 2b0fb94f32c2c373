// serves: ^https://bat\.bing\.com/bat\.js
// Plays Microsoft's script: brings the constructor only; a tag made with it loads its own script, then sends the page load as an
// image, with the consent that stood in its queue.
window.UET = function (settings) {
  var calls = settings.q, at = calls.indexOf("consent"), more = "";
  if (!settings.ti || !Array.isArray(calls)) throw new TypeError("no tag");
  if (at >= 0 && calls[at + 1] === "default") more += "&asc=" + (calls[at + 2].ad_storage === "granted" ? "G" : "D");
  if (calls.indexOf("tcf") >= 0) more += "&tcf=1";
  this.push = function (name) {
    if (name !== "pageLoad") return;
    var script = document.createElement("script");
    script.onload = function () {
      new Image().src = "https://bat.bing.com/action/0?ti=" + settings.ti + "&Ver=2&mid=00000000-0000-4000-8000-000000000000&p=" +
        encodeURIComponent(location.href) + "&evt=pageLoad" + more + "&rn=" + Math.floor(Math.random() * 1e6);
    };
    script.src = "https://bat.bing.com/p/action/" + settings.ti + ".js";
    document.head.appendChild(script);
  };
};
