/** What several spellings of a name have in common; `drop` also forgets accents, for what is protected. */
type Marks = 'keep' | 'drop';

/** Of a file name on the usual file systems. */
const maxSegmentBytes = 255;
/** PATH_MAX without the NUL at its end. */
const maxPathBytes = 4095;
/** Ours: no project comes near, and what is done for every folder of a path has a bound. */
const maxParts = 100;

/**
 * What is wrong with a path of a change set, wherever it leads; undefined when it is one: relative, with `/`, without anything that some
 * machine reads as something else. The sentence goes on from the path: "has …".
 */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (!path.isWellFormed()) return 'is not well-formed Unicode';
  if (/\p{Cc}/u.test(path)) return 'has a control character';
  if (path.includes('\\')) return 'has a backslash, which is a separator on Windows';
  if (path.startsWith('/')) return 'is absolute; paths begin at the root of the repository';
  if (/^\p{L}:/u.test(path)) return 'begins with a drive letter';
  if (Buffer.byteLength(path) > maxPathBytes) return `is longer than ${maxPathBytes} bytes`;
  const segments = path.split('/');
  if (segments.length > maxParts) return `is deeper than ${maxParts} folders`;
  for (const segment of segments) {
    const fault = segmentFault(segment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A path's folders from the root, without itself: `a/b/c` gives `a` and `a/b`. */
export function foldersAbove(path: string): readonly string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_segment, at) => segments.slice(0, at + 1).join('/'));
}

/**
 * The same for two paths exactly when some file system that people use (HFS+, APFS, NTFS, FAT, ZFS) may take them for one: letters without
 * case, one Unicode form, without code points that are not seen, without what NTFS cuts off.
 */
export function samenessOf(path: string): string {
  // What folds to a slash separates nothing on any of them.
  const names = path.split('/').map((name) => fold(name, 'keep').join('').replaceAll('/', '\u2215').normalize('NFD'));
  return names.join('/');
}

/**
 * A path as it counts when it is compared with a protected one: what {@link samenessOf} does, and without accents. A list for each part of the
 * path, in it an element for each visible code point, which may be several letters (`ﬁ`).
 */
export function foldedParts(path: string): readonly (readonly string[])[] {
  // Compatibility forms of the slashes separate too: a name in which one stands is no reason to refuse it, but it does not hide anything.
  return path.split(/[/\\\uff0f\uff3c\ufe68]/).map((part) => fold(part, 'drop'));
}

/** Letters of a pattern as they stand in {@link foldedParts}. */
export function foldedLetters(text: string): string {
  return Array.from(text.normalize('NFC'), (point) => foldPoint(point, 'drop')).join('');
}

/** A path as a sentence shows it: quoted, cut, and with escapes for all that could make it look like another. */
export function quoted(path: string): string {
  const points = Array.from(path);
  const shown = points.length > 200 ? `${points.slice(0, 200).join('')}…` : path;
  const escaped = JSON.stringify(shown).replaceAll(
    /[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (point) => `\\u{${point.codePointAt(0)?.toString(16)}}`,
  );
  return escaped;
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'has an empty part (a slash too many)';
  if (segment === '.' || segment === '..') return 'has a part that is . or ..';
  const name = fold(segment, 'drop').join('');
  if (name === '') return 'has a part that some file systems take for nothing, or for .';
  if (Buffer.byteLength(segment) > maxSegmentBytes) return `has a part that is longer than ${maxSegmentBytes} bytes`;
  if (name === '.git') return "has a part that git, HFS+ or NTFS takes for .git, the repository's own folder";
  // NTFS makes such a name by itself for every longer one; which one it is, nobody here can know.
  if (/^(?=[^.]{3,8}(\.|$))[^.]*~\d+(\.[^.]{1,3})?$/.test(name)) {
    return 'has a part that has the form of a short name of NTFS, such as GIT~1, which stands for another file';
  }
  return undefined;
}

/** NTFS and FAT drop dots and spaces at the end of a name; what follows a colon is a stream of the file before it. */
function fold(name: string, marks: Marks): readonly string[] {
  // Most names are like this, and a base has many.
  if (/^[!-9;-~]*[!-\-/-9;-~]$/.test(name)) return Array.from(name.toLowerCase());
  const points = Array.from(name.normalize('NFC'), (point) => foldPoint(point, marks)).filter((point) => point !== '');
  const colon = points.findIndex((point) => point.includes(':'));
  const file = colon === -1 ? points : points.slice(0, colon);
  const last = file.findLastIndex((point) => !/^[\s.]+$/.test(point));
  // One point may be letters and a dot: ㏂ is a.m.
  return file.slice(0, last + 1).map((point, at) => (at === last ? point.replace(/[\s.]+$/, '') : point));
}

function foldPoint(point: string, marks: Marks): string {
  if (point <= '\u007f') return point.toLowerCase();
  const bare = (text: string): string => text.normalize('NFKD').replaceAll(dropped[marks], '');
  // Down, up and down: ẞ has no other capital, ı, ſ and K have a small letter of their own, but only one capital. ς is σ at the end of a word.
  return bare(bare(point).toLowerCase().toUpperCase().toLowerCase()).replaceAll('ς', 'σ');
}

const dropped: Readonly<Record<Marks, RegExp>> = {
  keep: /\p{Default_Ignorable_Code_Point}/gu,
  drop: /[\p{Default_Ignorable_Code_Point}\p{M}]/gu,
};
