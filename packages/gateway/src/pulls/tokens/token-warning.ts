/** What an operator should hear of. */
export type TokenWarning =
  | { readonly kind: 'same_user'; readonly label: string; readonly as: string; readonly message: string }
  | { readonly kind: 'quarantined'; readonly label: string; readonly untilMs: number; readonly message: string }
  /** It may do more than Holdfast ever does. */
  | {
      readonly kind: 'too_many_scopes';
      readonly label: string;
      readonly scopes: readonly string[];
      readonly message: string;
    }
  /** The app's key, its number or its installation is not as GitHub has it, or GitHub could not be asked. */
  | { readonly kind: 'no_app_token'; readonly label: string; readonly message: string }
  /** Other gateways are not heard of; each keeps to a part of the limits. Told once until they are again. */
  | { readonly kind: 'not_shared'; readonly label: string; readonly message: string };

/** Scopes of a classic token that are of no use here, by https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps. */
export function needlessScopes(header: string | undefined): readonly string[] {
  const scopes = (header ?? '').split(',').map((scope) => scope.trim());
  return scopes.filter((scope) => scope === 'delete_repo' || scope === 'workflow' || scope.startsWith('admin:'));
}
