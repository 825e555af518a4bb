// Dark and light. It runs before anything is shown, so that nothing flashes in the other colours.
(() => {
  const names = { auto: "as the system", dark: "dark", light: "light" };
  let theme = "auto";
  try { theme = localStorage.getItem("darkroom.theme") ?? theme; } catch { /* remembered nowhere */ }
  const set = (name) => {
    theme = name in names ? name : "auto";
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) button.title = `Colours: ${names[theme]}`;
    button?.setAttribute("aria-label", `Colours: ${names[theme]}. Change them`);
  };
  set(theme);
  addEventListener("DOMContentLoaded", () => {
    set(theme);
    document.getElementById("theme").addEventListener("click", () => {
      const order = Object.keys(names);
      set(order[(order.indexOf(theme) + 1) % order.length]);
      try { localStorage.setItem("darkroom.theme", theme); } catch { /* remembered nowhere */ }
    });
  });
})();
