/** A button that copies the text of a field. */

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const told = button.parentElement.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value.trim());
      told.textContent = button.dataset.done;
    } catch {
      field.select(); // no right to the clipboard: Ctrl+C is one key away
      told.textContent = button.dataset.selected;
    }
  });
}
