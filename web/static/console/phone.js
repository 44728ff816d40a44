// Draws LINE messages as a phone shows them: <div class="phone" data-messages='[…]' data-name="Club"></div>. Drawn anew
// whenever data-messages changes; nothing in it can be pressed, followed or run.
//
// What is drawn was written by people. The library that draws Flex puts texts into HTML as they are, so every text is
// escaped before; and of what it made, only known elements, classes, styles and pictures of our own are taken over. An
// <a> stays, for its looks, without an address.
import { render } from "../vendor/flex-render.js";

const here = (path) => new URL(path, import.meta.url).href;
const STYLES = ["../vendor/flex-render.css", "phone.css"].map(here);
const ELEMENTS = new Set(["DIV", "P", "SPAN", "A", "IMG", "B", "EM", "STRONG", "SMALL", "I"]);
const PICTURES = /^\/(media\/pictures|console\/privileges\/drawn)\/[^/]+$/;
const LETTERS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const PIXELS = { xxs: 11, xs: 13, sm: 14, md: 16, lg: 19, xl: 22, xxl: 29, "3xl": 35, "4xl": 48, "5xl": 74 };

const escaped = (text) => text.replace(/[&<>"']/g, (letter) => LETTERS[letter]);

function make(tag, className, ...inside) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...inside);
  return node;
}

/** Our own pictures, under whatever name the club's pages are known outside; no other address is asked for anything. */
function local(address) {
  try {
    const url = new URL(address, location.href);
    return /^https?:$/.test(url.protocol) && PICTURES.test(url.pathname) ? url.pathname : "";
  } catch {
    return "";
  }
}

/** An address inside url(…) of a style: what could end it is written as its number. */
const inStyle = (address) =>
  local(address).replace(/["'()\\\s;<>&]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** LINE adds lineSpacing between lines, the library takes it for the height of a line; a box with a width keeps it. */
function fitted(part) {
  const spacing = /^([\d.]+)px$/.exec(part.lineSpacing || "");
  const height = (PIXELS[part.size || "md"] || parseFloat(part.size) || PIXELS.md) * 1.4;
  const more = "lineSpacing" in part ? { lineSpacing: spacing ? `${height + Number(spacing[1])}px` : undefined } : {};
  if (part.type === "box" && part.width && part.flex === undefined) more.flex = 0;
  if (part.type === "video") return { type: "image", url: part.previewUrl, size: "full", aspectRatio: part.aspectRatio, aspectMode: "cover" };
  return { ...part, ...more };
}

function harmless(value) {
  if (typeof value === "string") return escaped(value);
  if (Array.isArray(value)) return value.map(harmless);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(fitted(value)).map(([key, item]) => {
    if (key === "action" && item) return [key, { type: "uri", uri: "#", label: escaped(String(item.label || "")) }];
    if ((key === "url" || key === "iconUrl") && typeof item === "string") return [key, inStyle(item)];
    return [key, harmless(item)];
  }));
}

/** A copy of what the library made, of known parts only. Styles are set one by one: the page's policy refuses attributes. */
function taken(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || !ELEMENTS.has(node.tagName)) return document.createTextNode("");
  const copy = make(node.tagName.toLowerCase(), node.getAttribute("class"));
  if (node.hasAttribute("data-style")) copy.style.cssText = node.getAttribute("data-style");
  if (node.tagName === "IMG") Object.assign(copy, { src: local(node.getAttribute("src") || ""), alt: "" });
  copy.append(...[...node.childNodes].map(taken));
  return copy;
}

function card(message) {
  // Every quote inside a text is escaped, so these can only be attributes.
  const html = render(harmless(message.contents)).replace(/ (style|onclick)="/g, ' data-$1="');
  const drawn = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  const node = taken(drawn);
  for (const slider of node.querySelectorAll(".LySlider")) {
    slider.tabIndex = 0;
    slider.setAttribute("role", "group");
    slider.setAttribute("aria-label", message.altText || "");
  }
  return make("div", "flex", node);
}

function picture(message) {
  const node = make("img", "photo");
  return Object.assign(node, { src: local(message.previewImageUrl || message.originalContentUrl || ""), alt: message.altText || "" });
}

function words(message) {
  const node = make("p", "bubble");
  // Addresses look pressable, as in the chat.
  for (const part of String(message.text ?? "").split(/(https?:\/\/\S+)/)) node.append(/^https?:\/\//.test(part) ? make("u", "", part) : part);
  return node;
}

const DRAW = { text: words, image: picture, flex: card };

function drawn(message) {
  try {
    return (DRAW[message.type] || (() => make("p", "bubble", message.altText || "")))(message);
  } catch (error) {
    console.warn("this message could not be drawn", error);
    return make("p", "bubble", message.altText || "");
  }
}

function draw(phone) {
  const root = phone.shadowRoot || phone.attachShadow({ mode: "open" });
  let messages = [];
  try { messages = JSON.parse(phone.dataset.messages || "[]"); } catch { /* nothing to show */ }
  if (!root.firstChild) {
    root.append(...STYLES.map((href) => Object.assign(make("link"), { rel: "stylesheet", href })), make("div", "screen"));
  }
  const chat = make("div", "chat", ...messages.map((message) => make("div", "row", make("span", "face"), drawn(message))));
  const name = phone.dataset.name || "";
  const head = make("div", "head", name);
  head.setAttribute("aria-hidden", "true");
  root.querySelector(".screen").replaceChildren(...(name ? [head] : []), chat);
  phone.dataset.drawn = String(messages.length);
}

const watch = new MutationObserver((changes) => new Set(changes.map((change) => change.target)).forEach(draw));
for (const phone of document.querySelectorAll(".phone[data-messages]")) {
  draw(phone);
  watch.observe(phone, { attributeFilter: ["data-messages"] });
}
