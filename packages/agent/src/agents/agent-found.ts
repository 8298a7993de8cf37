/** What `holdfast-agent agents` says of one agent. */
export type AgentFound = {
  readonly name: string;
  readonly found: boolean;
  readonly version?: string;
  /** Absent when nobody knows. */
  readonly signedIn?: boolean;
  /** What to do when something is missing. */
  readonly hint?: string;
};
