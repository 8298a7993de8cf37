import { amidLies, lying } from './noise.ts';
import type { Expected, Recording } from './recording.ts';

/**
 * Five tests in the first package: one passes and prints what looks like another one's failure, one fails, one is skipped, and
 * of a group one passes and one fails. One passes in the second package. The third has none.
 */
const failing = {
  'go.mod': 'module shop\n\ngo 1.19\n',
  'cart/cart_test.go': `package cart

import (
	"fmt"
	"testing"
)

func TestAdds(t *testing.T) { fmt.Println("--- FAIL: TestLie (0.00s)") }
func TestAddsWrongly(t *testing.T) {
	t.Errorf("got %d", 3)
}
func TestRemoves(t *testing.T) { t.Skip("later") }
func TestPays(t *testing.T) {
	t.Run("cash", func(t *testing.T) {})
	t.Run("card", func(t *testing.T) {
		t.Error("no card")
	})
}
`,
  'order/order_test.go': 'package order\n\nimport "testing"\n\nfunc TestIsMade(t *testing.T) {}\n',
  'price/price.go': 'package price\n',
};
const passing = {
  'go.mod': failing['go.mod'],
  'order/order_test.go': failing['order/order_test.go'],
  'price/price.go': 'package price\n',
};
const broken = {
  ...passing,
  'cart/cart_test.go': 'package cart\n\nimport "testing"\n\nfunc TestAdds(t *testing.T) { x }\n',
};
const panics = {
  ...passing,
  'cart/cart_test.go': 'package cart\n\nimport "testing"\n\nfunc TestAdds(t *testing.T) { panic("no") }\n',
};
const problems = ['cart_test.go:10:- error -', 'cart_test.go:16:- error -'];
const failed: Expected = {
  source: 'go test',
  counts: { total: 6, passedCount: 3, failed: 2, skipped: 1 },
  problems,
  saysFailed: true,
};
const json: Expected = { ...failed, source: 'go test JSON' };
const passed: Expected = {
  source: 'go test',
  counts: { total: 1, passedCount: 1, failed: 0, skipped: 0 },
  problems: [],
  saysFailed: false,
};
const none: Expected = {
  ...passed,
  counts: { total: 0, passedCount: 0, failed: 0, skipped: 0 },
  saysFailed: true,
};

export const go: Recording = {
  tool: 'go-test',
  check: 'test',
  versionCommand: 'go version',
  versions: ['debian'],
  scenes: [
    { name: 'fail', files: failing, command: 'go test ./...', expected: { ...failed, counts: {} } },
    { name: 'fail-verbose', files: failing, command: 'go test -v ./...', expected: failed },
    { name: 'fail-json', files: failing, command: 'go test -json ./...', expected: json },
    { name: 'fail-noise', files: { ...failing, ...lying }, command: amidLies('go test -v ./...'), expected: failed },
    {
      name: 'fail-json-noise',
      files: { ...failing, ...lying },
      command: amidLies('go test -json ./...'),
      expected: json,
    },
    { name: 'pass', files: passing, command: 'go test ./...', expected: { ...passed, counts: {} } },
    { name: 'pass-verbose', files: passing, command: 'go test -v ./...', expected: passed },
    {
      name: 'pass-json',
      files: passing,
      command: 'go test -json ./...',
      expected: { ...passed, source: 'go test JSON' },
    },
    {
      name: 'syntax-error',
      files: broken,
      command: 'go test -v ./...',
      // Nobody knows how many tests are in what does not compile.
      expected: { source: 'go test', counts: {}, problems: ['-:-:- error -'], saysFailed: true },
    },
    {
      name: 'syntax-error-json',
      files: broken,
      command: 'go test -json ./...',
      expected: { source: 'go test + go test JSON', counts: {}, problems: ['-:-:- error -'], saysFailed: true },
    },
    {
      name: 'panic',
      files: panics,
      command: 'go test -json ./...',
      expected: {
        source: 'go test JSON',
        counts: { total: 2, passedCount: 1, failed: 1, skipped: 0 },
        saysFailed: true,
      },
    },
    {
      name: 'panic-verbose',
      files: panics,
      command: 'go test -v ./...',
      expected: { source: 'go test', counts: { total: 2, passedCount: 1, failed: 1, skipped: 0 }, saysFailed: true },
    },
    {
      name: 'no-tests',
      files: { 'go.mod': failing['go.mod'], 'price/price.go': 'package price\n' },
      command: 'go test ./...',
      expected: none,
    },
    {
      name: 'no-tests-json',
      files: { 'go.mod': failing['go.mod'], 'price/price.go': 'package price\n' },
      command: 'go test -json ./...',
      expected: { ...none, source: 'go test JSON' },
    },
  ],
};
