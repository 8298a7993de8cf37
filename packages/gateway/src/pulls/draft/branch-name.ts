/**
 * What is wrong with the name of a branch (`main`, `release/1.2`), by the rules of git check-ref-format(1); undefined when git would take it.
 * The sentence goes on from the name of what it is about: "has …".
 */
export function branchNameFault(name: string): string | undefined {
  return faults.find(([is]) => is(name))?.[1];
}

const anySegment = (name: string, is: (segment: string) => boolean): boolean => name.split('/').some(is);

const faults: readonly (readonly [is: (name: string) => boolean, fault: string])[] = [
  [(name) => name === '', 'is empty'],
  [(name) => name === '@' || name === 'HEAD', 'is a word of git that means something else'],
  [(name) => /^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(name), 'looks like the sha of a commit'],
  [(name) => name.startsWith('-'), 'begins with -'],
  [(name) => /[\u0000-\u0020\u007f~^:?*[\\]/.test(name), 'has a space, a control character or one of ~ ^ : ? * [ \\'],
  [(name) => name.includes('..') || name.includes('@{'), 'has .. or @{'],
  [(name) => anySegment(name, (segment) => segment === ''), 'begins or ends with /, or has // in it'],
  [(name) => anySegment(name, (segment) => segment.startsWith('.')), 'has a part that begins with a dot'],
  [(name) => anySegment(name, (segment) => segment.endsWith('.lock')), 'has a part that ends with .lock'],
  [(name) => name.endsWith('.'), 'ends with a dot'],
  [(name) => !name.isWellFormed(), 'is not well-formed Unicode'],
  // A ref is a file where it lies: NAME_MAX, and room for refs/heads/ in PATH_MAX.
  [(name) => new TextEncoder().encode(name).length > 200, 'is longer than 200 bytes'],
];
