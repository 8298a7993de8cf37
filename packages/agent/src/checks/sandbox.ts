/**
 * A pid namespace of its own for a check, made by bubblewrap: when its first process ends, the kernel has ended all the others,
 * whatever session, group or environment they have. Nothing else is taken away: the whole file system, the network and the
 * user stay. (What bubblewrap brings along: programs that change the user, such as sudo, do not work in it.)
 */
export function sandboxArguments(options: {
  readonly directory: string;
  /** The variables that mark; set inside, so that bubblewrap's own processes do not carry them. */
  readonly marks: Readonly<Record<string, string>>;
  /** Descriptor on which bubblewrap says which process is the first one inside. */
  readonly infoDescriptor?: number;
  readonly argv: readonly string[];
}): readonly string[] {
  const marks = Object.entries(options.marks).flatMap(([name, value]) => ['--setenv', name, value]);
  const info = options.infoDescriptor === undefined ? [] : ['--info-fd', String(options.infoDescriptor)];
  return [
    ...['--unshare-pid', '--die-with-parent', '--dev-bind', '/', '/', '--proc', '/proc'],
    ...['--chdir', options.directory, ...marks, ...info, '--', ...options.argv],
  ];
}

/** The pid of the first process inside, from what bubblewrap says; undefined when that is not whole yet. */
export function parseSandboxInfo(text: string): number | undefined {
  const pid = Number(/"child-pid":\s*(\d+)/.exec(text)?.[1]);
  return Number.isInteger(pid) && pid > 1 && text.includes('}') ? pid : undefined;
}
