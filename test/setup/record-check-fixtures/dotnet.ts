import type { Expected, Recording, Scene } from './recording.ts';

/** The .NET SDK is on neither registry: written after its documentation, and the sources of VSTest's console logger and TRX logger. */
const failed: Expected = {
  source: 'dotnet test',
  counts: { total: 4, passedCount: 2, failed: 1, skipped: 1 },
  problems: ['CartTests.cs:12:- error -'],
  saysFailed: true,
};

const failedText = `  Determining projects to restore...
  All projects are up-to-date for restore.
  Shop.Tests -> /home/ada/project/bin/Debug/net8.0/Shop.Tests.dll
Test run for /home/ada/project/bin/Debug/net8.0/Shop.Tests.dll (.NETCoreApp,Version=v8.0)
Microsoft (R) Test Execution Command Line Tool Version 17.8.0 (x64)
Copyright (c) Microsoft Corporation.  All rights reserved.

Starting test execution, please wait...
A total of 1 test files matched the specified pattern.
Total tests: 12, Failed: 3
[xUnit.net 00:00:00.52]     Shop.Tests.CartTests.AddsWrongly [FAIL]
  Skipped Shop.Tests.CartTests.Removes [1 ms]
  Failed Shop.Tests.CartTests.AddsWrongly [4 ms]
  Error Message:
   Assert.Equal() Failure: Values differ
Expected: 3
Actual:   2
  Stack Trace:
     at Shop.Tests.CartTests.AddsWrongly() in /home/ada/project/CartTests.cs:line 12
   at System.RuntimeMethodHandle.InvokeMethod(Object target, Void** arguments, Signature sig, Boolean isConstructor)

Failed!  - Failed:     1, Passed:     2, Skipped:     1, Total:     4, Duration: 12 ms - Shop.Tests.dll (net8.0)
`;

const passedLine = (assembly: string): string =>
  `Passed!  - Failed:     0, Passed:     3, Skipped:     0, Total:     3, Duration: 9 ms - ${assembly} (net8.0)\n`;
const start = 'Starting test execution, please wait...\nA total of 1 test files matched the specified pattern.\n\n';

const trx = `<?xml version="1.0" encoding="utf-8"?>
<TestRun id="3a1c" name="ada@machine 2026-11-22" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
  <Times creation="2026-11-22T00:00:00" start="2026-11-22T00:00:00" finish="2026-11-22T00:00:01" />
  <Results>
    <UnitTestResult executionId="1" testId="1" testName="Shop.Tests.CartTests.Adds" duration="00:00:00.0030000" outcome="Passed" />
    <UnitTestResult executionId="2" testId="2" testName="Shop.Tests.CartTests.Sends" duration="00:00:00.0010000" outcome="Passed" />
    <UnitTestResult executionId="3" testId="3" testName="Shop.Tests.CartTests.AddsWrongly" duration="00:00:00.0040000" outcome="Failed">
      <Output>
        <ErrorInfo>
          <Message>Assert.Equal() Failure: Values differ
Expected: 3
Actual:   2</Message>
          <StackTrace>   at Shop.Tests.CartTests.AddsWrongly() in /home/ada/project/CartTests.cs:line 12</StackTrace>
        </ErrorInfo>
      </Output>
    </UnitTestResult>
    <UnitTestResult executionId="4" testId="4" testName="Shop.Tests.CartTests.Removes" duration="00:00:00.0010000" outcome="NotExecuted" />
  </Results>
  <ResultSummary outcome="Failed">
    <Counters total="4" executed="3" passed="2" failed="1" error="0" timeout="0" aborted="0" inconclusive="0" notExecuted="0" />
  </ResultSummary>
</TestRun>
`;

const scene = (name: string, text: string, returnCode: number, expected: Expected): Scene => ({
  name,
  files: {},
  command: 'dotnet test',
  documented: { text, returnCode },
  expected,
});

export const dotnet: Recording = {
  tool: 'dotnet-test',
  check: 'test',
  versions: ['8.0'],
  scenes: [
    scene('fail', failedText, 1, failed),
    {
      ...scene('fail-trx', trx, 1, { ...failed, source: 'TRX' }),
      command: 'dotnet test --logger trx',
      report: 'TestResults/results.trx',
    },
    scene('pass', start + passedLine('Shop.Tests.dll'), 0, {
      source: 'dotnet test',
      counts: { total: 3, passedCount: 3, failed: 0, skipped: 0 },
      problems: [],
      saysFailed: false,
    }),
    scene('two-assemblies', start + passedLine('Shop.Tests.dll') + start + passedLine('Till.Tests.dll'), 0, {
      source: 'dotnet test',
      counts: { total: 6, passedCount: 6, failed: 0, skipped: 0 },
      problems: [],
      saysFailed: false,
    }),
    scene(
      'build-error',
      '/home/ada/project/CartTests.cs(3,1): error CS1002: ; expected [/home/ada/project/Shop.Tests.csproj]\n',
      1,
      {},
    ),
  ],
};
