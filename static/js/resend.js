/** On the pages between excerpts: send what a mixer page left behind, and say while something is unsent. */

import { resendLeftovers } from "./save-queue.js";

const token = document.querySelector("[name=csrfmiddlewaretoken]");
if (token) resendLeftovers(token.value);
