// Sends three events with the real client; only the host and the key are set.
import { Analytics } from "@segment/analytics-node";
const analytics = new Analytics({ writeKey: process.argv[3], host: process.argv[2] });
analytics.identify({ userId: "n1", traits: { name: "Nora", email: "nora@acme.example" } });
analytics.group({ userId: "n1", groupId: "acme", traits: { name: "Acme" } });
analytics.track({ userId: "n1", event: "Report Opened", properties: { feature: "reports", value: 2.5 } });
await analytics.closeAndFlush({ timeout: 20000 });
