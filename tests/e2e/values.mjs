// An exercise's parameters in a test: the values of one seed or of one student, and solutions filled with them.

const number = address => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const address = n => [24, 16, 8, 0].map(shift => Math.floor(n / 2 ** shift) % 256).join('.');

/** `text` with the values of ${x}, ${x+1}, ${lan.10} and ${lan.10/}; prefixes are IPv4.  What is not in `values` stays. */
export function fill(text, values) {
  return text.replace(/\$\{(\w+)(?:([-+.])(\d+)(\/?))?\}/g, (all, name, op, n, length) => {
    const v = values[name];
    if (v === undefined) return all;
    if (op !== '.') return String(op === '+' ? Number(v) + Number(n) : op === '-' ? Number(v) - Number(n) : v);
    const [net, bits] = v.split('/');
    return address(number(net) + Number(n)) + (length && `/${bits}`);
  });
}

/** Of the folder `exercise`, for `seed`: `labctl validate --expand` shows parameters that have one value only. */
export async function valuesOf(stack, exercise, seed) {
  const xml = await stack.ok(['validate', '--expand', '--seed', String(seed), `${exercise}/topology.xml`]);
  const attribute = (element, name) => element.match(new RegExp(` ${name}="([^"]*)"`))?.[1];
  return Object.fromEntries((xml.match(/<parameter [^>]*>/g) ?? []).map(p =>
    [attribute(p, 'name'), attribute(p, 'pool') ?? attribute(p, 'values') ?? attribute(p, 'min')]));
}

/** Those of static-routing, as a student reads them in the instructions beside the lab. */
export async function lansShown(page) {
  const lan = async host => {
    const row = await page.getByRole('row', { name: new RegExp(`^${host} eth0 `) }).innerText();
    return row.match(/\d+\.\d+\.\d+\.\d+\/24/)[0].replace(/\d+\/24$/, '0/24');
  };
  return { lan1: await lan('h1'), lan2: await lan('h2') };
}
