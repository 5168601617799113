// Trusted types (docs/decisions/0048): every string that becomes HTML passes here. What our server renders has no
// script, no handler and no javascript: address, so one that has is somebody else's and is refused.
(() => {
  if (!window.trustedTypes) return;
  const toLookAt = trustedTypes.createPolicy("look", { createHTML: (text) => text });
  const runs = (element) =>
    ["SCRIPT", "IFRAME", "OBJECT", "EMBED", "BASE"].includes(element.tagName) ||
    [...element.attributes].some(
      (attribute) => /^on/i.test(attribute.name) || /^\s*javascript:/i.test(attribute.value) || attribute.name === "srcdoc",
    ) ||
    (element.content ? [...element.content.querySelectorAll("*")].some(runs) : false);
  trustedTypes.createPolicy("default", {
    createHTML(text) {
      const page = new DOMParser().parseFromString(toLookAt.createHTML(text), "text/html");
      return [...page.querySelectorAll("*")].some(runs) ? null : text;
    },
  });
})();
