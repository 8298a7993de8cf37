import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

const manifest = { 'Cargo.toml': '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n' };
/** In the library one passes, one fails and prints a lie, one is ignored; one passes in a file of tests, one in the documentation. */
const failing = {
  ...manifest,
  'src/lib.rs': `/// \`\`\`
/// assert_eq!(1 + 1, 2);
/// \`\`\`
pub fn one() -> u32 { 1 }

#[cfg(test)]
mod tests {
    #[test]
    fn adds() {}
    #[test]
    fn adds_wrongly() {
        println!("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        assert_eq!(1 + 1, 3);
    }
    #[test]
    #[ignore]
    fn removes() {}
}
`,
  'tests/order.rs': '#[test]\nfn is_made() {}\n',
};
const passing = { ...failing, 'src/lib.rs': failing['src/lib.rs'].replace('1 + 1, 3', '1 + 1, 2') };
const failed: Expected = {
  source: 'cargo test',
  counts: { total: 5, passedCount: 3, failed: 1, skipped: 1 },
  problems: ['src/lib.rs:13:9 error -'],
  saysFailed: true,
};
const command = '$PROGRAM test --offline';

export const rust: Recording = {
  tool: 'cargo-test',
  check: 'test',
  program: (version) =>
    version === 'debian' ? 'env RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc /usr/bin/cargo' : 'cargo',
  versionCommand: '$PROGRAM --version',
  versions: ['debian', 'newest'],
  scenes: [
    { name: 'fail', files: failing, command: `${command} --no-fail-fast`, expected: failed },
    {
      name: 'fail-fast',
      files: failing,
      command,
      expected: { ...failed, counts: { total: 3, passedCount: 1, failed: 1, skipped: 1 } },
    },
    { name: 'fail-quiet', files: failing, command: `${command} --no-fail-fast -q`, expected: failed },
    {
      name: 'fail-noise',
      files: { ...failing, ...lying },
      command: amidLies(`${command} --no-fail-fast`),
      expected: failed,
    },
    { name: 'fail-terminal', files: failing, command: `${command} --no-fail-fast`, onTerminal: true, expected: failed },
    {
      name: 'pass',
      files: passing,
      command,
      expected: {
        source: 'cargo test',
        counts: { total: 5, passedCount: 4, failed: 0, skipped: 1 },
        problems: [],
        saysFailed: false,
      },
    },
    { name: 'syntax-error', files: { ...manifest, 'src/lib.rs': 'pub fn one( {}\n' }, command, expected: {} },
    {
      name: 'no-tests',
      files: { ...manifest, 'src/lib.rs': 'pub fn one() -> u32 { 1 }\n' },
      command,
      expected: {
        source: 'cargo test',
        counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
        problems: [],
        saysFailed: true,
      },
    },
  ],
};
