// Elements are made with text and never with markup, since names come from a cluster.
const space = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== "") node.setAttribute(name, value);
  }
  node.append(...children.filter((c) => c !== undefined));
  return node;
}

export const html = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
export const svg = (name, attributes, ...children) => fill(document.createElementNS(space, name), attributes, children);
export const number = (v, decimals = 0) => (v === null || v === undefined ? "–" : v.toFixed(decimals));
