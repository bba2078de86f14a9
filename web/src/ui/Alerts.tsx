// The alert region: always in the page, so that screen readers hear what comes into it.
import { alerts, dropAlert } from '../model/alerts';
import { Icon } from './Icon';
import { useStore } from './useStore';

export function Alerts() {
    const list = useStore(alerts);
    return (
        <div class="alerts" role="alert">
            {list.map((a) => (
                <div key={a.id} class={`alert ${a.kind}`}>
                    <p>{a.text}</p>
                    <button type="button" class="icon-button" aria-label="Dismiss message" onClick={() => dropAlert(a.id)}>
                        <Icon name="close" />
                    </button>
                </div>
            ))}
        </div>
    );
}
