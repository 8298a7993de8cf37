import type { BaseLinks } from '../check-base-links.ts';
import type { Workshop } from './workshop.git.ts';

/** A line of the largest repositories' some million. */
const maxListingBytes = 256 * 1024 * 1024;

/** What is in a commit that is here; where its symbolic links lead is fetched when it is asked for. */
export async function baseLinks(shop: Workshop, baseSha: string): Promise<BaseLinks> {
  const listing = await shop.git(['ls-tree', '-r', '-z', '--full-tree', baseSha], { maxBytes: maxListingBytes });
  const links = Array.from(
    listing.matchAll(/(?<=^|\0)120000 blob ([0-9a-f]+)\t([^\0]+)/g),
    ([, sha = '', path = '']) => ({ path, sha }),
  );
  const paths = (): readonly string[] =>
    Array.from(listing.matchAll(/(?<=^|\0)\d+ blob [0-9a-f]+\t([^\0]+)/g), ([, path = '']) => path);
  return { paths, links, isCut: false, read: (shas) => readBlobs(shop, shas) };
}

/** Git asks for none that is here already: all are when the server filters nothing, and then it may not give single ones. */
async function readBlobs(shop: Workshop, shas: readonly string[]): Promise<readonly string[]> {
  await shop.fetch(['--', 'origin', ...shas], ['fetch.negotiationAlgorithm=noop']);
  const contents: string[] = [];
  for (const sha of shas) contents.push(await shop.git(['cat-file', 'blob', sha]));
  return contents;
}
