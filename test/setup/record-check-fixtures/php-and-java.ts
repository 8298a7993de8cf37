import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

/** One passes and prints a lie, one fails, one is skipped, one is not ready, one throws, one looks at nothing. */
const failingPhp = {
  'CartTest.php': `<?php
use PHPUnit\\Framework\\TestCase;
final class CartTest extends TestCase {
  public function testAdds(): void { echo "\\nOK (12 tests, 3 assertions)\\n"; $this->assertSame(2, 1 + 1); }
  public function testAddsWrongly(): void { $this->assertSame(3, 1 + 1); }
  public function testRemoves(): void { $this->markTestSkipped('later'); }
  public function testPays(): void { $this->markTestIncomplete('later'); }
  public function testSends(): void { throw new RuntimeException('no'); }
  public function testNothing(): void { }
}
`,
};
const passingPhp = {
  'OrderTest.php': `<?php
use PHPUnit\\Framework\\TestCase;
final class OrderTest extends TestCase {
  public function testIsMade(): void { $this->assertSame(1, 1); }
  public function testIsSent(): void { $this->assertSame(1, 1); }
}
`,
};
const failedPhp: Expected = {
  source: 'PHPUnit',
  counts: { total: 6, passedCount: 2, failed: 2, skipped: 2 },
  problems: ['CartTest.php:8:- error -', 'CartTest.php:5:- error -'],
  saysFailed: true,
};
const passedPhp: Expected = {
  source: 'PHPUnit',
  counts: { total: 2, passedCount: 2, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};

export const phpunit: Recording = {
  tool: 'phpunit',
  check: 'test',
  versionCommand: 'phpunit --version',
  versions: ['debian'],
  scenes: [
    { name: 'fail', files: failingPhp, command: 'phpunit .', expected: failedPhp },
    {
      name: 'fail-testdox',
      files: failingPhp,
      command: 'phpunit --testdox .',
      expected: { ...failedPhp, problems: [] },
    },
    { name: 'fail-colour', files: failingPhp, command: 'phpunit --colors=always .', expected: failedPhp },
    {
      name: 'fail-terminal',
      files: failingPhp,
      command: 'phpunit --colors=auto .',
      onTerminal: true,
      expected: failedPhp,
    },
    { name: 'fail-noise', files: { ...failingPhp, ...lying }, command: amidLies('phpunit .'), expected: failedPhp },
    {
      name: 'fail-junit',
      files: failingPhp,
      command: 'phpunit --log-junit report.xml .',
      report: 'report.xml',
      expected: {
        source: 'JUnit XML',
        // It tells the test that looks at nothing as an error.
        counts: { total: 6, passedCount: 1, failed: 3, skipped: 2 },
        problems: ['CartTest.php:5:- error -', 'CartTest.php:8:- error -', 'CartTest.php:9:- error -'],
        saysFailed: true,
      },
    },
    { name: 'pass', files: passingPhp, command: 'phpunit .', expected: passedPhp },
    { name: 'pass-colour', files: passingPhp, command: 'phpunit --colors=always .', expected: passedPhp },
    { name: 'syntax-error', files: { 'CartTest.php': '<?php this is no PHP\n' }, command: 'phpunit .', expected: {} },
    {
      name: 'no-tests',
      files: { 'README.md': '' },
      command: 'phpunit .',
      expected: { ...passedPhp, counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 }, saysFailed: true },
    },
    {
      name: 'two-runs',
      files: passingPhp,
      command: 'phpunit .; phpunit .',
      expected: { ...passedPhp, counts: { total: 4, passedCount: 4, failed: 0, skipped: 0 } },
    },
  ],
};

const plugin = (name: string, version: string): string =>
  `<plugin><artifactId>maven-${name}-plugin</artifactId><version>${version}</version></plugin>`;
const pom = (name: string, parts: string): string =>
  `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>shop</groupId><artifactId>${name}</artifactId><version>1</version>${parts}</project>\n`;
const build = `<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId><version>5.10.2</version><scope>test</scope></dependency></dependencies>
<build><plugins>${plugin('resources', '3.3.1')}${plugin('compiler', '3.13.0')}${plugin('surefire', '${surefire}')}</plugins></build>`;
/** One passes and prints a lie, one fails, one is disabled, one throws. */
const failingJava = {
  'pom.xml': pom('shop', build),
  'src/test/java/CartTest.java': `import org.junit.jupiter.api.*;
class CartTest {
  @Test void adds() { System.out.println("Tests run: 12, Failures: 3, Errors: 0, Skipped: 0"); }
  @Test void addsWrongly() { Assertions.assertEquals(2, 3); }
  @Test @Disabled void removes() {}
  @Test void sends() { throw new IllegalStateException("no"); }
}
`,
};
const orderTest =
  'import org.junit.jupiter.api.*;\nclass OrderTest {\n  @Test void isMade() {}\n  @Test void isSent() {}\n}\n';
const passingJava = { 'pom.xml': pom('shop', build), 'src/test/java/OrderTest.java': orderTest };
const failedJava: Expected = {
  source: 'maven surefire',
  counts: { total: 4, passedCount: 1, failed: 2, skipped: 1 },
  problems: ['-:-:- error -', '-:-:- error -'],
  saysFailed: true,
};
const passedJava: Expected = {
  source: 'maven surefire',
  counts: { total: 2, passedCount: 2, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};
const mvn = '$PROGRAM -o -B -Dmaven.repo.local=$MAVEN_REPOSITORY test';

export const surefire: Recording = {
  tool: 'surefire',
  check: 'test',
  program: (version) => `mvn -Dsurefire=${version}`,
  versions: ['3.2.5'],
  scenes: [
    { name: 'fail', files: failingJava, command: mvn, expected: failedJava },
    { name: 'fail-noise', files: { ...failingJava, ...lying }, command: amidLies(mvn), expected: failedJava },
    { name: 'fail-colour', files: failingJava, command: `${mvn} -Dstyle.color=always`, expected: failedJava },
    {
      name: 'fail-report',
      files: failingJava,
      command: mvn,
      report: 'target/surefire-reports/TEST-CartTest.xml',
      expected: { ...failedJava, source: 'JUnit XML' },
    },
    { name: 'pass', files: passingJava, command: mvn, expected: passedJava },
    {
      name: 'modules',
      files: {
        'pom.xml': pom(
          'shop',
          '<packaging>pom</packaging><modules><module>cart</module><module>order</module></modules>',
        ),
        'cart/pom.xml': pom('cart', build),
        'cart/src/test/java/OrderTest.java': orderTest,
        'order/pom.xml': pom('order', build),
        'order/src/test/java/OrderTest.java': orderTest,
      },
      command: mvn,
      expected: { ...passedJava, counts: { total: 4, passedCount: 4, failed: 0, skipped: 0 } },
    },
    {
      name: 'syntax-error',
      files: { ...failingJava, 'src/test/java/CartTest.java': 'class CartTest { this is no Java }\n' },
      command: mvn,
      expected: {},
    },
    {
      name: 'no-tests',
      files: { 'pom.xml': pom('shop', build) },
      command: mvn,
      expected: { ...passedJava, counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 }, saysFailed: true },
    },
  ],
};
