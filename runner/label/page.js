"use strict";
const $ = id => document.getElementById(id);
const element = (tag, properties, ...children) => { const e = Object.assign(document.createElement(tag), properties); e.append(...children); return e; };
const picture = n => "picture/" + n;
let question = null, busy = false;

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : {method: "POST", body: JSON.stringify(body)});
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
// once does one thing at a time: a key that is pressed meanwhile is passed over, and nothing is answered twice.
async function once(work) {
  if (busy) return;
  busy = true;
  try { $("failed").textContent = ""; await work(); } catch (e) { $("failed").textContent = "Not kept: " + e.message; }
  busy = false;
  document.dispatchEvent(new Event("settled"));
}
const agreed = list => (list || []).map(a => `${a.second || "nameless"} agrees with ${a.first || "nameless"} on ${a.alike} of ${a.pairs}`).join("; ");
// more says whether more answers are likely to help: gain is what the second half of them brought.
const more = (answers, gain) => gain > .005 ? `The last half of them brought ${gain.toFixed(3)}: about ${answers} more are likely to help, by less than that.` : "The last half of them brought little: more are not likely to help much.";
function named() {
  try { $("name").value = localStorage.getItem("name") || ""; $("name").addEventListener("change", () => localStorage.setItem("name", $("name").value)); } catch { /* names are not remembered then */ }
}
