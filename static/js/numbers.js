/**
 * Numbers as the page's language writes them ("3,5" in German). Only for what people read: whatever is sent, stored or
 * set as a value keeps its point.
 */

const forms = new Map();

function form(least, most) {
  const key = `${least} ${most}`;
  if (!forms.has(key)) {
    const digits = { minimumFractionDigits: least, maximumFractionDigits: most, useGrouping: false };
    forms.set(key, new Intl.NumberFormat(document.documentElement.lang || "en", digits));
  }
  return forms.get(key);
}

/** With so many digits behind the point, no more and no fewer. */
export function fixed(value, digits) {
  return form(digits, digits).format(value);
}

/** With the digits it has, 6 behind the point at most. */
export function plain(value) {
  return form(0, 6).format(value);
}
