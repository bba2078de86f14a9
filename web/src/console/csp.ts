// Lets xterm.js run under a strict content security policy.  It injects <style> elements, which need the
// page's nonce before their text is set, and writes true-colour cells with setAttribute('style', ...), which
// the policy refuses while the same through the style object is allowed.  Must be imported before xterm.js.

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';

const plainCreate = document.createElement.bind(document);
document.createElement = ((tag: string, options?: ElementCreationOptions) => {
    const el = plainCreate(tag, options);
    if (nonce !== '' && tag.toLowerCase() === 'style') el.setAttribute('nonce', nonce);
    return el;
}) as typeof document.createElement;

const plainSet = Element.prototype.setAttribute;
HTMLSpanElement.prototype.setAttribute = function (name: string, value: string) {
    if (name === 'style') this.style.cssText = value;
    else plainSet.call(this, name, value);
};
