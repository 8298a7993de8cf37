import type { ChangedFile, ChangeSet } from '@holdfast/protocol';

/** Protected in the tricks, besides what is always. */
export const triedPatterns: readonly string[] = [
  'infra/**',
  '*.pem',
  '/LICENSE',
  'café/*',
  'deploy/prod-?.yml',
  '/ops/**/secrets',
];

export const baseSha = 'b'.repeat(40);

export function fileAt(path: string, rest: Partial<ChangedFile> = {}): ChangedFile {
  return { path, mode: '100644', content: 'x\n', encoding: 'utf-8', ...rest };
}

export function linkAt(path: string, target: string): ChangedFile {
  return fileAt(path, { mode: '120000', content: target });
}

export function changeSetOf(files: readonly ChangedFile[], deletions: readonly string[] = []): ChangeSet {
  return { baseSha, files, deletions };
}

export type Trick = readonly [what: string, changeSet: ChangeSet, says: RegExp];

const workflows = /"\/\.github\/workflows" is protected/;
const dotGit = /takes for \.git/;

/** One file, put where it must not be. */
const paths: readonly (readonly [what: string, path: string, says: RegExp])[] = [
  ['as it is', '.github/workflows/ci.yml', workflows],
  ['further down', '.github/workflows/a/b/c.yml', workflows],
  ['an action', '.github/actions/build/action.yml', /"\/\.github\/actions" is protected/],
  ['owners at the root', 'CODEOWNERS', /"\/CODEOWNERS" is protected/],
  ['owners in .github', '.github/CODEOWNERS', /"\/\.github\/CODEOWNERS" is protected/],
  ['owners in docs', 'docs/CODEOWNERS', /"\/docs\/CODEOWNERS" is protected/],
  ['submodules', '.gitmodules', /"\.gitmodules" is protected/],
  ['what GitLab runs', '.gitlab-ci.yml', /"\/\.gitlab-ci\.yml" is protected/],
  ['what Gitea runs', '.Gitea/workflows/ci.yml', /"\/\.gitea\/workflows" is protected/],
  ['what Forgejo runs', '.forgejo/workflows/ci.yml', /"\/\.forgejo\/workflows" is protected/],
  ['owners in .gitlab', '.gitlab/CODEOWNERS', /"\/\.gitlab\/CODEOWNERS" is protected/],
  ['owners in .gitea', '.gitea/CODEOWNERS', /"\/\.gitea\/CODEOWNERS" is protected/],
  ['owners in .forgejo', '.forgejo/CODEOWNERS', /"\/\.forgejo\/CODEOWNERS" is protected/],
  ['attributes', '.gitattributes', /"\.gitattributes" is protected/],
  ['attributes of a folder', 'src/.gitattributes', /"\.gitattributes" is protected/],
  ['configured', 'infra/main.tf', /"infra\/\*\*" is protected/],
  ['configured, by its ending', 'a/b/key.pem', /"\*\.pem" is protected/],
  ['configured, at the root', 'LICENSE', /"\/LICENSE" is protected/],
  ['configured, one letter', 'deploy/prod-1.yml', /"deploy\/prod-\?\.yml" is protected/],
  ['configured, far down', 'ops/a/b/secrets', /"\/ops\/\*\*\/secrets" is protected/],
  ['configured, with nothing between', 'ops/secrets/a', /"\/ops\/\*\*\/secrets" is protected/],
  // Case.
  ['capitals', '.GITHUB/WORKFLOWS/CI.YML', workflows],
  ['mixed case', '.GitHub/Workflows/ci.yml', workflows],
  ['owners in small letters', 'codeowners', /"\/CODEOWNERS" is protected/],
  ['owners in another docs', 'Docs/CodeOwners', /"\/docs\/CODEOWNERS" is protected/],
  ['an ending in capitals', 'key.PEM', /"\*\.pem" is protected/],
  ['Turkish dotless i', '.gıthub/workflows/ci.yml', workflows],
  ['Turkish capital I with a dot', '.GİTHUB/workflows/ci.yml', workflows],
  ['long s', '.github/workflowſ/ci.yml', workflows],
  ['Kelvin sign', '.github/wor\u212aflows/ci.yml', workflows],
  ['sharp s for ss', 'ops/a/\u017fecrets', /secrets" is protected/],
  // Unicode forms.
  ['full-width letters', '．ｇｉｔｈｕｂ/ｗｏｒｋｆｌｏｗｓ/ci.yml', workflows],
  ['full-width capitals', '.ＧＩＴＨＵＢ/workflows/ci.yml', workflows],
  ['a ligature', '.github/work\ufb02ows/ci.yml', workflows],
  ['mathematical letters', '.𝐠𝐢𝐭𝐡𝐮𝐛/workflows/ci.yml', workflows],
  ['circled letters', '.ⓖⓘⓣⓗⓤⓑ/workflows/ci.yml', workflows],
  ['superscript', '.gitʰub/workflows/ci.yml', workflows],
  ['composed where it was decomposed', 'cafe\u0301/menu', /"café\/\*" is protected/],
  ['decomposed where it was composed', 'caf\u00e9/menu', /"café\/\*" is protected/],
  ['without its accent', 'cafe/menu', /"café\/\*" is protected/],
  ['an accent too many', '.gíthub/workflows/ci.yml', workflows],
  ['a combining dot', '.gi\u0307thub/workflows/ci.yml', workflows],
  ['a combining mark at the end', '.github\u0301/workflows/ci.yml', workflows],
  ['a one-dot leader', '\u2024github/workflows/ci.yml', workflows],
  ['a full-width slash', '.github\uff0fworkflows\uff0fci.yml', workflows],
  ['a full-width backslash', '.github\uff3cworkflows\uff3cci.yml', workflows],
  // Code points that HFS+ does not see, as git lists them in utf8.c, and others that nobody sees.
  ...[
    '200c',
    '200d',
    '200e',
    '200f',
    '202a',
    '202b',
    '202c',
    '202d',
    '202e',
    '206a',
    '206b',
    '206c',
    '206d',
    '206e',
    '206f',
    'feff',
    '200b',
    '00ad',
    '2060',
    '2066',
    '034f',
    '180b',
    'fe0f',
    'e0001',
  ].map((code) => [`U+${code} in the middle`, `.git${point(code)}hub/workflows/ci.yml`, workflows] as const),
  ['an unseen one at the beginning', '\ufeff.github/workflows/ci.yml', workflows],
  ['an unseen one at the end', '.github/workflows\u200d/ci.yml', workflows],
  ['several of them', '\u200c.\u200dg\u200ei\u200ft\u202ahub/w\ufefforkflows/ci.yml', workflows],
  // NTFS.
  ['a dot at the end', '.github./workflows/ci.yml', workflows],
  ['a space at the end', '.github /workflows/ci.yml', workflows],
  ['dots and spaces at the end', '.github . ./workflows .. /ci.yml', workflows],
  ['a no-break space at the end', '.github\u00a0/workflows/ci.yml', workflows],
  ['an unseen one after a dot at the end', '.github.\u200c/workflows/ci.yml', workflows],
  ['the stream of a file', 'CODEOWNERS::$DATA', /"\/CODEOWNERS" is protected/],
  ['the stream of a folder', '.github::$INDEX_ALLOCATION/workflows/ci.yml', workflows],
  ['a named stream', '.github/workflows:x/ci.yml', workflows],
  ['a full-width colon', '.github\uff1ax/workflows/ci.yml', workflows],
  ['a short name', 'GITHUB~1/workflows/ci.yml', /short name/],
  ['a short name below', '.github/WORKFL~1/ci.yml', /short name/],
  ['a short name in small letters', '.github/workfl~2/ci.yml', /short name/],
  ['a short name of a file', 'CODEOW~1', /short name/],
  ['a short name with an ending', 'a/PRIVAT~1.PEM', /short name/],
  ['a short name from a digest', 'GI7EBA~1', /short name/],
  ['a short name with two digits', 'GITHU~10/workflows/ci.yml', /short name/],
  ['a short name and a dot', 'GITHUB~1./workflows/ci.yml', /short name/],
  ['a backslash', '.github\\workflows\\ci.yml', /has a backslash/],
  ['a backslash at the beginning', '\\.github/workflows/ci.yml', /has a backslash/],
  ['a drive', 'C:/repo/.github/workflows/ci.yml', /drive letter/],
  ['a drive without a slash', 'c:x', /drive letter/],
  // Forms.
  ['an absolute path', '/etc/passwd', /is absolute/],
  ['a step up', '../outside', /part that is \. or \.\./],
  ['a step up in the middle', 'src/../.github/workflows/ci.yml', /part that is \. or \.\./],
  ['a step up at the end', 'src/..', /part that is \. or \.\./],
  ['a step that goes nowhere', './.github/workflows/ci.yml', /part that is \. or \.\./],
  ['a step that goes nowhere, in the middle', '.github/./workflows/ci.yml', /part that is \. or \.\./],
  ['an empty part', '.github//workflows/ci.yml', /an empty part/],
  ['a slash at the end', 'src/', /an empty part/],
  ['a part of dots', 'src/.../x', /take for nothing/],
  ['a step up with a space', 'src/.. /x', /take for nothing/],
  ['a part of spaces', 'src/ /x', /take for nothing/],
  ['a part that is not seen', 'src/\u200b/x', /take for nothing/],
  ['a step up with an unseen one', 'src/.\u200c./x', /take for nothing/],
  ['NUL', 'src/a\0.ts', /control character/],
  ['a line end', 'src/a\n.ts', /control character/],
  ['an escape', 'src/\u001b[2K.ts', /control character/],
  ['DEL', 'src/\u007f', /control character/],
  ['a control character beyond ASCII', 'src/\u0085', /control character/],
  ['half of a character', 'src/\ud800', /well-formed/],
  ['a long name', `src/${'a'.repeat(256)}`, /longer than 255 bytes/],
  ['a long name of few letters', `src/${'日'.repeat(86)}`, /longer than 255 bytes/],
  ['a long path', `${'abcdefg/'.repeat(512)}a`, /longer than 4095 bytes/],
  ['a deep path', `${'a/'.repeat(100)}b`, /deeper than 100 folders/],
  ['an empty path', '', /is empty/],
  // The repository's own folder.
  ['.git', '.git/config', dotGit],
  ['.git further down', 'vendor/x/.git/hooks/post-checkout', dotGit],
  ['.git as a file', 'vendor/.git', dotGit],
  ['.GIT', '.GIT/config', dotGit],
  ['.git with a dot and a space', '.git ./config', dotGit],
  ['.git with a stream', '.git::$INDEX_ALLOCATION/config', dotGit],
  ['.git with an unseen one', '.g\u200cit/config', dotGit],
  ['.git in full-width letters', '．ｇｉｔ/config', dotGit],
  ['.git with a dotless i', '.gıt/config', dotGit],
  ['the short name of .git', 'git~1/config', /short name/],
];

/** What does more than put one file somewhere. */
const others: readonly Trick[] = [
  ['a protected file deleted', changeSetOf([], ['.github/workflows/ci.yml']), /deletes ".*protected/],
  ['a protected file deleted in capitals', changeSetOf([], ['.GITHUB/workflows/ci.yml']), /deletes ".*protected/],
  [
    'a protected file renamed away',
    changeSetOf([fileAt('ci.yml')], ['.github/workflows/ci.yml']),
    /deletes ".*protected/,
  ],
  ['a file renamed onto a protected one', changeSetOf([fileAt('CODEOWNERS')], ['owners.txt']), /changes ".*protected/],
  ['an executable one', changeSetOf([fileAt('.github/workflows/x', { mode: '100755' })]), workflows],
  ['a file in the place of .github', changeSetOf([fileAt('.github')]), /folder above/],
  ['a file in the place of .GitHub', changeSetOf([fileAt('.GitHub')]), /folder above/],
  ['a file in the place of the workflows', changeSetOf([fileAt('.github/workflows')]), workflows],
  ['a file in the place of docs', changeSetOf([fileAt('docs')]), /folder above/],
  [
    'a file in the place of a configured folder',
    changeSetOf([fileAt('infra')]),
    /"infra\/\*\*" is protected|folder above/,
  ],
  ['a file in the place of one above it', changeSetOf([fileAt('ops')]), /folder above/],
  ['.github deleted', changeSetOf([], ['.github']), /deletes "\.github", which is a folder above/],
  ['a link in the place of .github', changeSetOf([linkAt('.github', 'elsewhere')]), /folder above/],
  ['a link in the place of the workflows', changeSetOf([linkAt('.github/workflows', '../elsewhere')]), workflows],
  ['a link in the place of owners', changeSetOf([linkAt('CODEOWNERS', 'owners')]), /"\/CODEOWNERS" is protected/],
  ['a link to a protected file', changeSetOf([linkAt('a', '.github/workflows/ci.yml')]), /link "a" leads to "\.github/],
  ['a link to a protected folder', changeSetOf([linkAt('a', '.github/workflows')]), /link "a" leads to/],
  ['a link to a folder above', changeSetOf([linkAt('a', '.github')]), /leads to the folder "\.github"/],
  ['a link to it from further down', changeSetOf([linkAt('a/b', '../.github/workflows')]), /leads to/],
  ['a link to it by a detour', changeSetOf([linkAt('a/b', './../x/.././.github//workflows/')]), /leads to/],
  ['a link to it in capitals', changeSetOf([linkAt('a', '.GITHUB/Workflows')]), /leads to/],
  ['a link to it with an unseen one', changeSetOf([linkAt('a', '.git\u200chub/workflows')]), /leads to/],
  ['a link to a short name', changeSetOf([linkAt('a', 'GITHUB~1')]), /leads to.*short name/],
  [
    'a link in base64',
    changeSetOf([fileAt('a', { mode: '120000', content: 'LmdpdGh1Yg==', encoding: 'base64' })]),
    /leads to/,
  ],
  ['a link to a configured folder', changeSetOf([linkAt('a', 'infra')]), /leads to/],
  ['a link to .git', changeSetOf([linkAt('a', '.git/hooks')]), /leads to "\.git\/hooks", which.*\.git/],
  ['a link to the root', changeSetOf([linkAt('a/b', '..')]), /leads to the root/],
  ['a link to its own folder at the root', changeSetOf([linkAt('a', '.')]), /leads to the root/],
  ['a link out of the repository', changeSetOf([linkAt('a/b', '../../x')]), /leads out of the repository/],
  ['a link out and in again', changeSetOf([linkAt('a', '../repo/x')]), /leads out of the repository/],
  ['an absolute link', changeSetOf([linkAt('a', '/etc/passwd')]), /absolute path/],
  ['a link to a drive', changeSetOf([linkAt('a', 'C:/x')]), /leads to.*drive letter/],
  ['a link with backslashes', changeSetOf([linkAt('a', '..\\x')]), /leads to.*backslash/],
  ['a link to a share', changeSetOf([linkAt('a', '\\\\host\\share')]), /leads to.*backslash/],
  ['a link that leads nowhere', changeSetOf([linkAt('a', '')]), /leads nowhere/],
  ['a link with NUL', changeSetOf([linkAt('a', 'b\0c')]), /leads to.*control character/],
  [
    'a link that is not text',
    changeSetOf([fileAt('a', { mode: '120000', content: '//8=', encoding: 'base64' })]),
    /not UTF-8/,
  ],
  ['a link to a link', changeSetOf([linkAt('a', 'b'), linkAt('b', 'src')]), /leads through the symbolic link "b"/],
  [
    'a link through a link',
    changeSetOf([linkAt('a', 'b/c'), linkAt('b', 'src')]),
    /leads through the symbolic link "b"/,
  ],
  ['a link through a link in capitals', changeSetOf([linkAt('a', 'B/c'), linkAt('b', 'src')]), /leads through/],
  [
    'a link up from a link to it',
    changeSetOf([linkAt('a', 'b/../workflows'), linkAt('b', '.github/ISSUE_TEMPLATE')]),
    /leads to "b\/\.\.\/workflows", up again/,
  ],
  [
    'a link out of the repository from a link',
    changeSetOf([linkAt('a', 'x/y/b/../../z'), linkAt('x/y/b', '../../src')]),
    /leads to "x\/y\/b\/\.\.\/\.\.\/z", up again/,
  ],
  ['a link up from a folder of the base', changeSetOf([linkAt('a', 'src/../workflows')]), /up again/],
  ['a link to itself', changeSetOf([linkAt('a', 'a')]), /leads through the symbolic link "a"/],
  ['a file below a link', changeSetOf([linkAt('a', 'src'), fileAt('a/b')]), /lies below "a"/],
  ['a file below a link in capitals', changeSetOf([linkAt('a', 'src'), fileAt('A/b')]), /lies below "a"/],
  ['a file below a file', changeSetOf([fileAt('a/b/c'), fileAt('a')]), /lies below "a"/],
  ['two files that differ by case', changeSetOf([fileAt('a.ts'), fileAt('A.ts')]), /one file on some file systems/],
  ['two that differ by the case of a folder', changeSetOf([fileAt('a/b'), fileAt('A/b')]), /one file on some/],
  ['two that differ by their Unicode form', changeSetOf([fileAt('\u00e9'), fileAt('e\u0301')]), /one file on some/],
  ['two that differ by a dot at the end', changeSetOf([fileAt('a'), fileAt('a.')]), /one file on some/],
  ['two that differ by what is not seen', changeSetOf([fileAt('a'), fileAt('a\u200d')]), /one file on some/],
  ['a file and its stream', changeSetOf([fileAt('ab'), fileAt('ab:c')]), /one file on some/],
  ['a path both ways', changeSetOf([fileAt('a')], ['a']), /both changes and deletes "a"/],
  ['nothing', changeSetOf([]), /is empty/],
  ['too many files', changeSetOf(Array.from({ length: 101 }, (_, at) => fileAt(`${at}`))), /touches 101 files/],
  [
    'too many deletions',
    changeSetOf(
      [fileAt('x')],
      Array.from({ length: 100 }, (_, at) => `${at}`),
    ),
    /touches 101/,
  ],
  ['too much in one file', changeSetOf([fileAt('a', { content: 'x'.repeat(1_000_001) })]), /1000001 bytes of content/],
  ['too much in letters of two bytes', changeSetOf([fileAt('a', { content: 'é'.repeat(500_001) })]), /1000002 bytes/],
  [
    'too much in all together',
    changeSetOf(['a', 'b'].map((path) => fileAt(path, { content: 'x'.repeat(500_001) }))),
    /1000002/,
  ],
];

/** Change sets that must not be published, each with what is said of it. */
export const tricks: readonly Trick[] = [
  ...paths.map(([what, path, says]): Trick => [`a path: ${what}`, changeSetOf([fileAt(path)]), says]),
  ...others,
];

/** What looks a little like a trick and is none. */
export const harmless: readonly (readonly [what: string, changeSet: ChangeSet])[] = [
  ['a file', changeSetOf([fileAt('src/a.ts')])],
  ['another file of .github', changeSetOf([fileAt('.github/dependabot.yml'), fileAt('.github/ISSUE_TEMPLATE/bug.md')])],
  [
    'workflows elsewhere',
    changeSetOf([fileAt('docs/workflows/ci.yml'), fileAt('packages/a/.github/workflows/ci.yml')]),
  ],
  ['owners elsewhere', changeSetOf([fileAt('src/CODEOWNERS'), fileAt('CODEOWNERS.md')])],
  ['names that begin alike', changeSetOf([fileAt('.github/workflows.md'), fileAt('infrared/a'), fileAt('.gitignore')])],
  ['a licence further down', changeSetOf([fileAt('vendor/LICENSE')])],
  ['two letters for one', changeSetOf([fileAt('deploy/prod-12.yml')])],
  ['what is in docs', changeSetOf([fileAt('docs/a.md')], ['docs/b.md'])],
  ['files at the root', changeSetOf([fileAt('README.md'), fileAt('a b.txt'), fileAt('~notes')])],
  [
    'languages',
    changeSetOf([
      fileAt('docs/日本語/説明.md'),
      fileAt('résumé.md'),
      fileAt('हिन्दी.txt'),
      fileAt('Ελλάς'),
      fileAt('A／B.txt'),
    ]),
  ],
  ['accents that tell two files apart', changeSetOf([fileAt('resume.md'), fileAt('résumé.md')])],
  ['signs', changeSetOf([fileAt("app/[id]/(group)/@x/it's $5 & more;.tsx"), fileAt('a/b~/c~1~.txt')])],
  ['an emoji of several code points', changeSetOf([fileAt('docs/👩‍💻.md')])],
  ['dots', changeSetOf([fileAt('a..b/.c.d/...e')])],
  ['a rename by case', changeSetOf([fileAt('readme.md')], ['README.md'])],
  ['a folder for a file', changeSetOf([fileAt('a/b')], ['a'])],
  ['a file for a folder', changeSetOf([fileAt('a')], ['a/b', 'a/c'])],
  ['a link to a neighbour', changeSetOf([linkAt('src/a', 'b'), linkAt('src/c/d', '../../lib/e')])],
  ['a link to what is new', changeSetOf([linkAt('a', 'src/new'), fileAt('src/new/x')])],
  ['as many files as there may be', changeSetOf(Array.from({ length: 100 }, (_, at) => fileAt(`${at}`)))],
  ['as much as there may be', changeSetOf([fileAt('a', { content: 'x'.repeat(1_000_000) })])],
  ['an empty file', changeSetOf([fileAt('a', { content: '' })])],
];

function point(code: string): string {
  return String.fromCodePoint(Number.parseInt(code, 16));
}
