/** What a peer's process is told, and says. */
export type PeerOrder = { readonly kind: 'feed'; readonly prompt: string };
export type PeerAnswer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'fed' }
  | { readonly kind: 'drained' };
