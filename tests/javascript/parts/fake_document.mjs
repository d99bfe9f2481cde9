// As much of a document as elements with texts and attributes need.

export class FakeElement {
  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, children: [] });
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  append(...children) {
    this.children.push(...children.filter((child) => child !== ""));
  }

  replaceChildren(...children) {
    this.children = [];
    this.append(...children);
  }

  get textContent() {
    return this.children.map((child) => child.textContent ?? child).join("");
  }

  set textContent(text) {
    this.replaceChildren(text);
  }

  // What is in a language of its own: [language, text] each.
  get spans() {
    return this.children.filter(({ attributes }) => attributes).map((child) => [child.attributes.lang, child.textContent]);
  }
}

export function withDocument() {
  globalThis.document = { createElement: (tag) => new FakeElement(tag) };
}
