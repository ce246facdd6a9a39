/** Counts words while a text is proof-read, against the band that all texts of its block share. */

document.addEventListener("input", (event) => {
  if (event.target.name !== "text") return;
  const badge = event.target.closest(".proof-text")?.querySelector(".word-count");
  if (!badge) return;
  const { low, high, words } = badge.dataset;
  const n = event.target.value.split(/\s+/).filter(Boolean).length;
  badge.textContent = words.replace("{n}", n).replace("{low}", low).replace("{high}", high);
  badge.classList.toggle("warn", n < Number(low) || n > Number(high));
});
