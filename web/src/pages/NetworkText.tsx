// The network in words and tables, for those who do not see the drawing, and to look up a MAC or address;
// with a switch for each link where the person may use it.
import type { Status } from '../api/types';
import { NODE_WORD } from '../model/lab';
import { wireText, wiresOf } from '../topology/wires';

interface Props {
    status: Status;
    onLink: ((link: string, state: 'up' | 'down') => void) | null; // null: not allowed
}

export function NetworkText({ status, onLink }: Props) {
    return (
        <details class="network-text">
            <summary>Interfaces and links as tables</summary>
            <div class="scroll" tabIndex={0} role="region" aria-label="Interfaces and links">
                <table>
                    <caption>Interfaces</caption>
                    <thead>
                        <tr>
                            <th scope="col">Node</th>
                            <th scope="col">Interface</th>
                            <th scope="col">On</th>
                            <th scope="col">Preset addresses</th>
                            <th scope="col">MAC</th>
                        </tr>
                    </thead>
                    <tbody>
                        {status.nodes.flatMap((n) =>
                            n.interfaces.map((i) => (
                                <tr key={`${n.name}:${i.name}`}>
                                    <th scope="row">
                                        {n.name}{' '}
                                        <span class="soft">
                                            {NODE_WORD[n.state]}
                                            {n.hidden && ', hidden'}
                                        </span>
                                    </th>
                                    <td>{i.name}</td>
                                    <td>{i.link ?? i.network ?? '–'}</td>
                                    <td>{(i.addresses ?? []).join(', ') || '–'}</td>
                                    <td class="mono">{i.mac ?? '–'}</td>
                                </tr>
                            )),
                        )}
                    </tbody>
                </table>
                {status.links.length > 0 && (
                    <table>
                        <caption>Links</caption>
                        <thead>
                            <tr>
                                <th scope="col">Link</th>
                                <th scope="col">Ends</th>
                                <th scope="col">State</th>
                                {onLink !== null && <th scope="col">Change</th>}
                            </tr>
                        </thead>
                        <tbody>
                            {wiresOf(status).map((w) => {
                                const { link, down } = w;
                                if (link === null) return null;
                                return (
                                    <tr key={w.id}>
                                        <th scope="row">
                                            {link}
                                            {w.hidden && <span class="soft"> hidden</span>}
                                        </th>
                                        <td>{wireText(w)}</td>
                                        <td>{down ? 'down' : w.impaired ? 'up, impaired' : 'up'}</td>
                                        {onLink !== null && (
                                            <td>
                                                <button
                                                    type="button"
                                                    class="button small"
                                                    aria-label={`${down ? 'Restore' : 'Cut'} link ${link}`}
                                                    onClick={() => onLink(link, down ? 'up' : 'down')}
                                                >
                                                    {down ? 'Restore' : 'Cut'}
                                                </button>
                                            </td>
                                        )}
                                    </tr>
                                );
                            })}
                        </tbody>
                    </table>
                )}
            </div>
        </details>
    );
}
