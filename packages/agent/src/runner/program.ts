/** The command that runs this very file again: the runtime, and the script that it was started with. */
export function thisProgram(): readonly string[] {
  return [process.execPath, process.argv[1] ?? ''];
}
