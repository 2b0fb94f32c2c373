// Made by generate.mjs out of schema.graphql; not to be edited.
export type ApiKeyScope = 'LINKS_READ' | 'LINKS_WRITE' | 'MEMBERS_WRITE' | 'PIXELS_READ' | 'PIXELS_WRITE' | 'REPORTS_READ' | 'SCHEMA_READ' | 'TENANT_ADMIN';
export type BreakdownLine = 'OTHER' | 'UNKNOWN' | 'VALUE';
export type ClickConsent = 'GPC' | 'GRANTED' | 'LIMITED' | 'MISSING' | 'REFUSED';
export type ConsentClass = 'ADVERTISING' | 'ANALYTICS';
export type ConsentMode = 'NONE' | 'OPT_IN_ASK' | 'OPT_IN_PASS' | 'OPT_OUT';
export type ContentFormat = 'HTML' | 'MARKDOWN' | 'TEXT';
export type DeliveryDimension = 'BROWSER' | 'COUNTRY' | 'DAY' | 'NETWORK' | 'PIXEL';
export type Device = 'DESKTOP' | 'OTHER' | 'PHONE' | 'TABLET';
export type Dimension = 'BROWSER' | 'CITY' | 'COUNTRY' | 'DEVICE' | 'LANGUAGE' | 'LINK' | 'OS' | 'REFERRER' | 'REGION' | 'UTM_CAMPAIGN' | 'UTM_CONTENT' | 'UTM_MEDIUM' | 'UTM_SOURCE' | 'UTM_TERM';
export type DomainState = 'LOST' | 'PENDING' | 'VERIFIED';
export type ExclusionReason = 'ARCHIVED' | 'BOT' | 'DISABLED' | 'EXPIRED' | 'NOT_STARTED' | 'NO_USER_AGENT' | 'PREVIEW_CRAWLER';
export type LinkOrderField = 'CREATED_AT' | 'UPDATED_AT';
export type LinkState = 'ACTIVE' | 'ARCHIVED' | 'DISABLED' | 'EXPIRED' | 'SCHEDULED';
export type NetworkKey = 'ADROLL' | 'AMAZON' | 'CLARITY' | 'CRITEO' | 'CUSTOM_IMAGE' | 'CUSTOM_JS' | 'FLOODLIGHT' | 'GA4' | 'GOOGLE_ADS' | 'GTM' | 'LINKEDIN' | 'META' | 'MICROSOFT_UET' | 'NEXTDOOR' | 'OUTBRAIN' | 'PERFECT_AUDIENCE' | 'PINTEREST' | 'QUORA' | 'REDDIT' | 'RTBHOUSE' | 'SNAP' | 'SPOTIFY' | 'STACKADAPT' | 'TABOOLA' | 'TIKTOK' | 'TTD' | 'VK' | 'X' | 'YAHOO_DOT' | 'YANDEX_METRICA';
export type OrderDirection = 'ASC' | 'DESC';
export type PageLanguage = 'AR' | 'DE' | 'EN' | 'ES' | 'FR' | 'IT' | 'JA' | 'NL' | 'PL' | 'PT';
export type PageTextKey = 'ACCEPT' | 'CONSENT_NETWORKS' | 'CONSENT_NOTE' | 'CONSENT_TEXT' | 'CONSENT_TITLE' | 'DECLINE' | 'GONE_TEXT' | 'GONE_TITLE' | 'GO_ON' | 'NOT_STARTED_TEXT' | 'NOT_STARTED_TITLE' | 'ON_YOUR_WAY' | 'SHARED_BY';
export type PixelHealthReason = 'BLOCKED_BY_BROWSERS' | 'CONSENT_REFUSED' | 'HOST_UNREACHABLE' | 'NO_RECEIPTS' | 'WRONG_ID_SHAPE';
export type PixelHealthState = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
export type PixelMode = 'AUTO' | 'SCRIPT';
export type PixelState = 'BLOCKED' | 'FAILED' | 'FIRED' | 'REFUSED' | 'SENT' | 'TIMED_OUT';
export type PreviewDecision = 'ASK_AGAIN' | 'ASK_CONSENT' | 'CARD' | 'FIRE' | 'REDIRECT' | 'REFUSED' | 'UNKNOWN';
export type PreviewPixelReason = 'CANNOT_FIRE' | 'FIRES' | 'NOT_ATTACHED' | 'NO_PAGE' | 'REFUSED' | 'SHARED_DOMAIN' | 'UNASKED' | 'WITHOUT_PIXELS';
export type QueryForwardingMode = 'ALL' | 'OFF' | 'ONLY';
export type ReferrerPolicy = 'NO_REFERRER' | 'NO_REFERRER_WHEN_DOWNGRADE' | 'ORIGIN' | 'ORIGIN_WHEN_CROSS_ORIGIN' | 'SAME_ORIGIN' | 'STRICT_ORIGIN' | 'STRICT_ORIGIN_WHEN_CROSS_ORIGIN' | 'UNSAFE_URL';
export type ReportInterval = 'DAY' | 'HOUR' | 'MONTH' | 'WEEK';
export type Role = 'ADMIN' | 'EDITOR' | 'OWNER' | 'VIEWER';
export type UserErrorCode = 'INVALID' | 'LIMIT_REACHED' | 'NOT_FOUND' | 'SECOND_FACTOR_REQUIRED' | 'TAKEN' | 'TOO_LONG';
export type WebhookDeliveryState = 'DELIVERED' | 'FAILED' | 'PENDING';
export type WebhookDisabledBy = 'FAILING' | 'GONE' | 'MEMBER';
export type WebhookEvent = 'CLICK_RECORDED' | 'LINK_CREATED' | 'LINK_DELETED' | 'LINK_EXPIRED' | 'LINK_UPDATED' | 'PIXEL_UNHEALTHY' | 'TEST';
export interface AcceptInvitationInput {
  token: string;
}
export interface AcceptInvitationPayload {
  tenant: Tenant | null;
  userErrors: Array<UserError>;
}
export interface ApiKey {
  createdAt: string;
  expiresAt: string | null;
  id: string;
  lastUsedAt: string | null;
  name: string;
  prefix: string;
  revokedAt: string | null;
  scopes: Array<ApiKeyScope>;
}
export interface ApiKeyConnection {
  edges: Array<ApiKeyEdge>;
  nodes: Array<ApiKey>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface ApiKeyEdge {
  cursor: string;
  node: ApiKey;
}
export interface ArchiveLinkInput {
  id: string;
}
export interface ArchiveLinkPayload {
  link: Link | null;
  userErrors: Array<UserError>;
}
export interface AuditEvent {
  action: string;
  after: string | null;
  apiKeyId: string | null;
  at: string;
  before: string | null;
  hash: string;
  id: string;
  previousHash: string;
  requestId: string | null;
  sequence: number;
  targetId: string | null;
  targetKind: string;
  userId: string | null;
}
export interface AuditEventConnection {
  edges: Array<AuditEventEdge>;
  nodes: Array<AuditEvent>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface AuditEventEdge {
  cursor: string;
  node: AuditEvent;
}
export interface AuditFilter {
  action?: string | null;
  targetId?: string | null;
  userId?: string | null;
}
export interface Branding {
  colour: string | null;
  logo: string | null;
  name: string | null;
  texts: Array<PageText>;
}
export interface BrandingInput {
  colour?: string | null;
  logo?: string | null;
  name?: string | null;
  texts?: Array<PageTextInput> | null;
}
export interface BreakdownRow {
  botClicks: number;
  clicks: number;
  humanClicks: number;
  line: BreakdownLine;
  share: number;
  uniqueVisitors: number;
  value: string | null;
}
export interface Card {
  description: string | null;
  image: string | null;
  title: string;
}
export interface CardInput {
  description?: string | null;
  image?: string | null;
  title: string;
}
export interface ChangeMemberRoleInput {
  role: Role;
  tenantId: string;
  userId: string;
}
export interface ChangeMemberRolePayload {
  member: Member | null;
  userErrors: Array<UserError>;
}
export interface ChangePasswordInput {
  currentPassword: string;
  newPassword: string;
  revokeApiKeys?: boolean;
}
export interface ChangePasswordPayload {
  ended: number | null;
  revokedApiKeys: number | null;
  userErrors: Array<UserError>;
}
export interface Click {
  at: string;
  browser: string | null;
  city: string | null;
  clickId: string;
  consent: ClickConsent | null;
  country: string | null;
  device: Device;
  excluded: ExclusionReason | null;
  id: string;
  language: string | null;
  linkId: string;
  os: string | null;
  parameters: Array<ClickParameter>;
  pixels: Array<ClickPixel>;
  referrer: string | null;
  region: string | null;
  uid: string | null;
  utm: Utm;
}
export interface ClickConnection {
  edges: Array<ClickEdge>;
  nodes: Array<Click>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface ClickEdge {
  cursor: string;
  node: Click;
}
export interface ClickParameter {
  name: string;
  value: string;
}
export interface ClickPixel {
  milliseconds: number | null;
  pixel: Pixel | null;
  pixelId: string;
  state: PixelState | null;
}
export interface ConfirmTotpInput {
  code: string;
  password: string;
}
export interface ConfirmTotpPayload {
  recoveryCodes: Array<string> | null;
  userErrors: Array<UserError>;
}
export interface ConsentPolicy {
  default: ConsentMode;
  regions: Array<ConsentRegion>;
}
export interface ConsentPolicyInput {
  default: ConsentMode;
  regions: Array<ConsentRegionInput>;
}
export interface ConsentRegion {
  countries: Array<string>;
  mode: ConsentMode;
}
export interface ConsentRegionInput {
  countries: Array<string>;
  mode: ConsentMode;
}
export interface CreateApiKeyInput {
  expiresAt?: string | null;
  idempotencyKey?: string | null;
  name: string;
  scopes: Array<ApiKeyScope>;
  tenantIds: Array<string>;
}
export interface CreateApiKeyPayload {
  apiKey: ApiKey | null;
  secret: string | null;
  userErrors: Array<UserError>;
}
export interface CreateDomainInput {
  fallback?: string | null;
  host: string;
  idempotencyKey?: string | null;
  tenantId: string;
}
export interface CreateDomainPayload {
  domain: Domain | null;
  userErrors: Array<UserError>;
}
export interface CreateLinkInput {
  card?: CardInput | null;
  destination: string;
  domainId?: string | null;
  expiresAt?: string | null;
  externalId?: string | null;
  fallback?: string | null;
  idempotencyKey?: string | null;
  pixelIds?: Array<string> | null;
  queryForwarding?: QueryForwardingInput | null;
  slug?: string | null;
  startsAt?: string | null;
  tags?: Array<string> | null;
  tenantId: string;
  title?: string | null;
  upsert?: boolean;
  utm?: UtmInput | null;
  values?: Array<LinkValueInput> | null;
  withoutPixels?: boolean | null;
}
export interface CreateLinkPayload {
  link: Link | null;
  userErrors: Array<UserError>;
}
export interface CreateLinksInput {
  idempotencyKey?: string | null;
  links: Array<LinkInput>;
  tenantId: string;
  upsert?: boolean;
}
export interface CreateLinksPayload {
  results: Array<CreateLinksResult>;
  userErrors: Array<UserError>;
}
export interface CreateLinksResult {
  index: number;
  link: Link | null;
  userErrors: Array<UserError>;
}
export interface CreatePixelInput {
  idempotencyKey?: string | null;
  ids: Array<PixelIdInput>;
  isDefault?: boolean;
  mode?: PixelMode;
  name: string;
  network: NetworkKey;
  tenantId: string;
}
export interface CreatePixelPayload {
  pixel: Pixel | null;
  userErrors: Array<UserError>;
  warnings: Array<PixelWarning>;
}
export interface CreateTenantInput {
  idempotencyKey?: string | null;
  name: string;
}
export interface CreateTenantPayload {
  tenant: Tenant | null;
  userErrors: Array<UserError>;
}
export interface CreateWebhookInput {
  events: Array<WebhookEvent>;
  idempotencyKey?: string | null;
  tenantId: string;
  url: string;
}
export interface CreateWebhookPayload {
  secret: string | null;
  userErrors: Array<UserError>;
  webhook: Webhook | null;
}
export interface DeleteDomainInput {
  id: string;
}
export interface DeleteDomainPayload {
  deletedDomainId: string | null;
  userErrors: Array<UserError>;
}
export interface DeleteLinkInput {
  id: string;
}
export interface DeleteLinkPayload {
  deletedLinkId: string | null;
  userErrors: Array<UserError>;
}
export interface DeletePixelInput {
  id: string;
}
export interface DeletePixelPayload {
  deletedPixelId: string | null;
  userErrors: Array<UserError>;
}
export interface DeleteWebhookInput {
  id: string;
}
export interface DeleteWebhookPayload {
  deletedWebhookId: string | null;
  userErrors: Array<UserError>;
}
export interface DisableTotpInput {
  code: string;
  password: string;
}
export interface DisableTotpPayload {
  userErrors: Array<UserError>;
}
export interface Domain {
  createdAt: string;
  fallback: string | null;
  host: string;
  id: string;
  isDefault: boolean;
  shared: boolean;
  state: DomainState;
  verification: DomainVerification | null;
}
export interface DomainConnection {
  edges: Array<DomainEdge>;
  nodes: Array<Domain>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface DomainEdge {
  cursor: string;
  node: Domain;
}
export interface DomainVerification {
  checkedAt: string | null;
  problem: string | null;
  recordName: string;
  recordType: string;
  recordValue: string;
}
export interface ExcludeApiKeyInput {
  id: string;
  tenantId: string;
}
export interface ExcludeApiKeyPayload {
  apiKey: ApiKey | null;
  userErrors: Array<UserError>;
}
export interface Excluded {
  clicks: number;
  reason: ExclusionReason;
}
export interface InterstitialPreview {
  decision: PreviewDecision;
  expiresAt: string;
  headers: Array<PreviewHeader>;
  page: string;
  pixels: Array<PreviewPixel>;
  status: number;
  url: string;
}
export interface Invitation {
  createdAt: string;
  email: string;
  expiresAt: string;
  id: string;
  invitedBy: string;
  role: Role;
}
export interface InvitationConnection {
  edges: Array<InvitationEdge>;
  nodes: Array<Invitation>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface InvitationEdge {
  cursor: string;
  node: Invitation;
}
export interface InviteMemberInput {
  email: string;
  idempotencyKey?: string | null;
  role: Role;
  tenantId: string;
}
export interface InviteMemberPayload {
  invitation: Invitation | null;
  link: string | null;
  userErrors: Array<UserError>;
}
export interface Link {
  card: Card | null;
  clicks: ClickConnection;
  createdAt: string;
  destination: string;
  domain: Domain;
  expiresAt: string | null;
  externalId: string | null;
  fallback: string | null;
  id: string;
  pixels: Array<Pixel>;
  queryForwarding: QueryForwarding;
  report: Report;
  shortUrl: string;
  slug: string;
  startsAt: string | null;
  state: LinkState;
  tags: Array<string>;
  title: string | null;
  updatedAt: string;
  utm: Utm;
  values: Array<LinkValue>;
  withoutPixels: boolean;
}
export interface LinkConnection {
  edges: Array<LinkEdge>;
  nodes: Array<Link>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface LinkDefaults {
  domain: Domain | null;
  expiresAfterSeconds: number | null;
  pixels: Array<Pixel>;
  queryForwarding: QueryForwarding | null;
  utm: Utm;
}
export interface LinkDefaultsInput {
  domainId?: string | null;
  expiresAfterSeconds?: number | null;
  pixelIds?: Array<string>;
  queryForwarding?: QueryForwardingInput | null;
  utm?: UtmInput | null;
}
export interface LinkEdge {
  cursor: string;
  node: Link;
}
export interface LinkFilter {
  domainId?: string | null;
  externalId?: string | null;
  pixelId?: string | null;
  state?: LinkState | null;
  tag?: string | null;
  text?: string | null;
}
export interface LinkInput {
  card?: CardInput | null;
  destination: string;
  domainId?: string | null;
  expiresAt?: string | null;
  externalId?: string | null;
  fallback?: string | null;
  pixelIds?: Array<string> | null;
  queryForwarding?: QueryForwardingInput | null;
  slug?: string | null;
  startsAt?: string | null;
  tags?: Array<string> | null;
  title?: string | null;
  utm?: UtmInput | null;
  values?: Array<LinkValueInput> | null;
  withoutPixels?: boolean | null;
}
export interface LinkOrder {
  direction?: OrderDirection;
  field: LinkOrderField;
}
export interface LinkValue {
  name: string;
  value: string;
}
export interface LinkValueInput {
  name: string;
  value: string;
}
export interface LogInInput {
  email: string;
  password: string;
  recoveryCode?: string | null;
  totpCode?: string | null;
}
export interface LogInPayload {
  session: Session | null;
  user: User | null;
  userErrors: Array<UserError>;
}
export interface LogOutInput {
  refreshToken: string;
}
export interface LogOutPayload {
  userErrors: Array<UserError>;
}
export interface Member {
  joinedAt: string;
  role: Role;
  user: MemberUser;
}
export interface MemberConnection {
  edges: Array<MemberEdge>;
  nodes: Array<Member>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface MemberEdge {
  cursor: string;
  node: Member;
}
export interface MemberUser {
  email: string;
  id: string;
}
export interface Membership {
  role: Role;
  tenant: Tenant;
}
export interface Mutation {
  acceptInvitation: AcceptInvitationPayload;
  archiveLink: ArchiveLinkPayload;
  changeMemberRole: ChangeMemberRolePayload;
  changePassword: ChangePasswordPayload;
  confirmTotp: ConfirmTotpPayload;
  createApiKey: CreateApiKeyPayload;
  createDomain: CreateDomainPayload;
  createLink: CreateLinkPayload;
  createLinks: CreateLinksPayload;
  createPixel: CreatePixelPayload;
  createTenant: CreateTenantPayload;
  createWebhook: CreateWebhookPayload;
  deleteDomain: DeleteDomainPayload;
  deleteLink: DeleteLinkPayload;
  deletePixel: DeletePixelPayload;
  deleteWebhook: DeleteWebhookPayload;
  disableTotp: DisableTotpPayload;
  excludeApiKey: ExcludeApiKeyPayload;
  inviteMember: InviteMemberPayload;
  logIn: LogInPayload;
  logOut: LogOutPayload;
  refreshSession: RefreshSessionPayload;
  removeMember: RemoveMemberPayload;
  replayWebhookDelivery: ReplayWebhookDeliveryPayload;
  requestPasswordReset: RequestPasswordResetPayload;
  resetPassword: ResetPasswordPayload;
  restoreLink: RestoreLinkPayload;
  revokeApiKey: RevokeApiKeyPayload;
  revokeInvitation: RevokeInvitationPayload;
  revokeOtherSessions: RevokeOtherSessionsPayload;
  revokeSession: RevokeSessionPayload;
  rotateWebhookSecret: RotateWebhookSecretPayload;
  sendTestWebhook: SendTestWebhookPayload;
  signUp: SignUpPayload;
  startTotp: StartTotpPayload;
  trackContent: TrackContentPayload;
  transferOwnership: TransferOwnershipPayload;
  updateDomain: UpdateDomainPayload;
  updateLink: UpdateLinkPayload;
  updatePixel: UpdatePixelPayload;
  updateTenant: UpdateTenantPayload;
  updateWebhook: UpdateWebhookPayload;
  verifyDomain: VerifyDomainPayload;
}
export interface Network {
  clickIds: Array<string>;
  consentClass: ConsentClass;
  hasImage: boolean;
  hasScript: boolean;
  idFields: Array<NetworkIdField>;
  key: NetworkKey;
  name: string;
  oftenBlocked: boolean;
  ownDomainOnly: boolean;
  serverSide: boolean;
}
export interface NetworkIdField {
  example: string;
  help: string;
  key: string;
  label: string;
  optional: boolean;
  pattern: string;
}
export interface Node {
  id: string;
}
export interface OpenSession {
  createdAt: string;
  current: boolean;
  expiresAt: string;
  id: string;
  ipAddress: string | null;
  lastUsedAt: string;
  userAgent: string | null;
}
export interface PageInfo {
  endCursor: string | null;
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
}
export interface PageText {
  key: PageTextKey;
  language: PageLanguage;
  text: string;
}
export interface PageTextInput {
  key: PageTextKey;
  language: PageLanguage;
  text: string;
}
export interface Pixel {
  createdAt: string;
  id: string;
  ids: Array<PixelId>;
  isDefault: boolean;
  mode: PixelMode;
  name: string;
  network: NetworkKey;
  updatedAt: string;
}
export interface PixelConnection {
  edges: Array<PixelEdge>;
  nodes: Array<Pixel>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface PixelDelivery {
  blocked: number;
  confirmedRate: number | null;
  expected: number;
  failed: number;
  fired: number;
  line: BreakdownLine;
  medianMs: number | null;
  network: NetworkKey | null;
  pixel: Pixel | null;
  pixelId: string | null;
  refused: number;
  sent: number;
  timedOut: number;
  value: string | null;
}
export interface PixelEdge {
  cursor: string;
  node: Pixel;
}
export interface PixelHealth {
  confirmedRate: number | null;
  expected: number;
  message: string;
  pixel: Pixel;
  previousRate: number | null;
  reason: PixelHealthReason | null;
  since: string;
  state: PixelHealthState;
  threshold: number;
  watched: number;
}
export interface PixelId {
  key: string;
  value: string;
}
export interface PixelIdInput {
  key: string;
  value: string;
}
export interface PixelWarning {
  field: Array<string>;
  message: string;
}
export interface Policy {
  budgetMs: number;
  confirmShare: number;
  consent: ConsentPolicy;
  healthThreshold: number;
  honourGpc: boolean;
  referrerPolicy: ReferrerPolicy;
}
export interface PolicyInput {
  budgetMs?: number | null;
  confirmShare?: number | null;
  consent?: ConsentPolicyInput | null;
  healthThreshold?: number | null;
  honourGpc?: boolean | null;
  referrerPolicy?: ReferrerPolicy | null;
}
export interface PreviewHeader {
  name: string;
  value: string;
}
export interface PreviewPixel {
  fires: boolean;
  pixel: Pixel | null;
  reason: PreviewPixelReason;
}
export interface PreviewVisitor {
  city?: string | null;
  consent?: boolean | null;
  country?: string | null;
  gpc?: boolean;
  language?: string | null;
  query?: string;
  region?: string | null;
  userAgent?: string | null;
}
export interface Query {
  link: Link | null;
  linkByAddress: Link | null;
  linkByExternalId: Link | null;
  networks: Array<Network>;
  node: Node | null;
  pixel: Pixel | null;
  previewInterstitial: InterstitialPreview | null;
  tenant: Tenant | null;
  viewer: Viewer;
}
export interface QueryForwarding {
  mode: QueryForwardingMode;
  names: Array<string>;
}
export interface QueryForwardingInput {
  mode: QueryForwardingMode;
  names?: Array<string>;
}
export interface RefreshSessionInput {
  refreshToken: string;
}
export interface RefreshSessionPayload {
  session: Session | null;
  userErrors: Array<UserError>;
}
export interface RemoveMemberInput {
  tenantId: string;
  userId: string;
}
export interface RemoveMemberPayload {
  removedUserId: string | null;
  userErrors: Array<UserError>;
}
export interface ReplayWebhookDeliveryInput {
  id: string;
}
export interface ReplayWebhookDeliveryPayload {
  delivery: WebhookDelivery | null;
  userErrors: Array<UserError>;
}
export interface Report {
  breakdown: Array<BreakdownRow>;
  delivery: Array<PixelDelivery>;
  excluded: Array<Excluded>;
  from: string;
  series: Array<SeriesPoint>;
  to: string;
  totals: ReportTotals;
}
export interface ReportFilter {
  from?: string | null;
  includeBots?: boolean;
  timeZone?: string | null;
  to?: string | null;
}
export interface ReportTotals {
  botClicks: number;
  clicks: number;
  humanClicks: number;
  pixelsBlocked: number;
  pixelsFailed: number;
  pixelsFired: number;
  pixelsRefused: number;
  pixelsSent: number;
  pixelsTimedOut: number;
  uniqueVisitors: number;
}
export interface RequestPasswordResetInput {
  email: string;
}
export interface RequestPasswordResetPayload {
  userErrors: Array<UserError>;
}
export interface ResetPasswordInput {
  newPassword: string;
  revokeApiKeys?: boolean;
  token: string;
}
export interface ResetPasswordPayload {
  revokedApiKeys: number | null;
  userErrors: Array<UserError>;
}
export interface RestoreLinkInput {
  id: string;
}
export interface RestoreLinkPayload {
  link: Link | null;
  userErrors: Array<UserError>;
}
export interface RevokeApiKeyInput {
  id: string;
}
export interface RevokeApiKeyPayload {
  apiKey: ApiKey | null;
  userErrors: Array<UserError>;
}
export interface RevokeInvitationInput {
  id: string;
}
export interface RevokeInvitationPayload {
  revokedInvitationId: string | null;
  userErrors: Array<UserError>;
}
export interface RevokeOtherSessionsPayload {
  ended: number | null;
  userErrors: Array<UserError>;
}
export interface RevokeSessionInput {
  id: string;
}
export interface RevokeSessionPayload {
  userErrors: Array<UserError>;
}
export interface RotateWebhookSecretInput {
  id: string;
}
export interface RotateWebhookSecretPayload {
  secret: string | null;
  userErrors: Array<UserError>;
  webhook: Webhook | null;
}
export interface SendTestWebhookInput {
  id: string;
}
export interface SendTestWebhookPayload {
  delivery: WebhookDelivery | null;
  userErrors: Array<UserError>;
}
export interface SeriesPoint {
  at: string;
  botClicks: number;
  clicks: number;
  humanClicks: number;
  uniqueVisitors: number;
}
export interface Session {
  accessToken: string;
  expiresAt: string;
  refreshToken: string;
}
export interface SignUpInput {
  email: string;
  invitationToken?: string | null;
  password: string;
  tenantName?: string | null;
}
export interface SignUpPayload {
  session: Session | null;
  tenant: Tenant | null;
  user: User | null;
  userErrors: Array<UserError>;
}
export interface StartTotpPayload {
  otpauthUrl: string | null;
  secret: string | null;
  userErrors: Array<UserError>;
}
export interface Subscription {
  clickRecorded: Click;
}
export interface Tenant {
  apiKeys: ApiKeyConnection;
  auditLog: AuditEventConnection;
  branding: Branding;
  createdAt: string;
  domains: DomainConnection;
  id: string;
  invitations: InvitationConnection;
  linkDefaults: LinkDefaults;
  links: LinkConnection;
  members: MemberConnection;
  name: string;
  pixelHealth: Array<PixelHealth>;
  pixels: PixelConnection;
  policy: Policy;
  report: Report;
  role: Role;
  usage: TenantUsage;
  webhooks: WebhookConnection;
}
export interface TenantLimits {
  links: number | null;
  linksPerMonth: number | null;
}
export interface TenantUsage {
  clicksThisMonth: number;
  limits: TenantLimits;
  links: number;
  linksThisMonth: number;
}
export interface TrackContentInput {
  content: string;
  defaults?: TrackedLinkInput | null;
  format: ContentFormat;
  idempotencyKey?: string | null;
  tenantId: string;
}
export interface TrackContentPayload {
  content: string | null;
  links: Array<TrackedLink>;
  userErrors: Array<UserError>;
  warnings: Array<TrackContentWarning>;
}
export interface TrackContentWarning {
  message: string;
  original: string;
}
export interface TrackedLink {
  count: number;
  link: Link;
  original: string;
}
export interface TrackedLinkInput {
  card?: CardInput | null;
  domainId?: string | null;
  expiresAt?: string | null;
  fallback?: string | null;
  pixelIds?: Array<string> | null;
  queryForwarding?: QueryForwardingInput | null;
  startsAt?: string | null;
  tags?: Array<string> | null;
  title?: string | null;
  utm?: UtmInput | null;
  values?: Array<LinkValueInput> | null;
  withoutPixels?: boolean | null;
}
export interface TransferOwnershipInput {
  password: string;
  tenantId: string;
  userId: string;
}
export interface TransferOwnershipPayload {
  member: Member | null;
  userErrors: Array<UserError>;
}
export interface UpdateDomainInput {
  fallback?: string | null;
  id: string;
  isDefault?: boolean | null;
}
export interface UpdateDomainPayload {
  domain: Domain | null;
  userErrors: Array<UserError>;
}
export interface UpdateLinkInput {
  card?: CardInput | null;
  destination?: string | null;
  domainId?: string | null;
  expiresAt?: string | null;
  externalId?: string | null;
  fallback?: string | null;
  id: string;
  pixelIds?: Array<string> | null;
  queryForwarding?: QueryForwardingInput | null;
  slug?: string | null;
  startsAt?: string | null;
  tags?: Array<string> | null;
  title?: string | null;
  utm?: UtmInput | null;
  values?: Array<LinkValueInput> | null;
  withoutPixels?: boolean | null;
}
export interface UpdateLinkPayload {
  link: Link | null;
  userErrors: Array<UserError>;
}
export interface UpdatePixelInput {
  id: string;
  ids?: Array<PixelIdInput> | null;
  isDefault?: boolean | null;
  mode?: PixelMode | null;
  name?: string | null;
}
export interface UpdatePixelPayload {
  pixel: Pixel | null;
  userErrors: Array<UserError>;
  warnings: Array<PixelWarning>;
}
export interface UpdateTenantInput {
  branding?: BrandingInput | null;
  id: string;
  linkDefaults?: LinkDefaultsInput | null;
  name?: string | null;
  policy?: PolicyInput | null;
}
export interface UpdateTenantPayload {
  tenant: Tenant | null;
  userErrors: Array<UserError>;
}
export interface UpdateWebhookInput {
  enabled?: boolean | null;
  events?: Array<WebhookEvent> | null;
  id: string;
  url?: string | null;
}
export interface UpdateWebhookPayload {
  userErrors: Array<UserError>;
  webhook: Webhook | null;
}
export interface User {
  createdAt: string;
  email: string;
  id: string;
  totpEnabled: boolean;
}
export interface UserError {
  code: UserErrorCode;
  field: Array<string> | null;
  message: string;
}
export interface Utm {
  campaign: string | null;
  content: string | null;
  medium: string | null;
  source: string | null;
  term: string | null;
}
export interface UtmInput {
  campaign?: string | null;
  content?: string | null;
  medium?: string | null;
  source?: string | null;
  term?: string | null;
}
export interface VerifyDomainInput {
  id: string;
}
export interface VerifyDomainPayload {
  domain: Domain | null;
  userErrors: Array<UserError>;
}
export interface Viewer {
  apiKey: ApiKey | null;
  apiKeys: ApiKeyConnection;
  auditLog: AuditEventConnection;
  memberships: Array<Membership>;
  sessions: Array<OpenSession>;
  user: User | null;
}
export interface Webhook {
  createdAt: string;
  deliveries: WebhookDeliveryConnection;
  disabledAt: string | null;
  disabledBy: WebhookDisabledBy | null;
  enabled: boolean;
  events: Array<WebhookEvent>;
  failingSince: string | null;
  id: string;
  previousSecretUntil: string | null;
  updatedAt: string;
  url: string;
}
export interface WebhookConnection {
  edges: Array<WebhookEdge>;
  nodes: Array<Webhook>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface WebhookDelivery {
  at: string;
  attemptedAt: string | null;
  attempts: number;
  durationMs: number | null;
  error: string | null;
  event: WebhookEvent | null;
  id: string;
  messageId: string;
  nextAttemptAt: string | null;
  payload: string | null;
  responseStatus: number | null;
  state: WebhookDeliveryState;
}
export interface WebhookDeliveryConnection {
  edges: Array<WebhookDeliveryEdge>;
  nodes: Array<WebhookDelivery>;
  pageInfo: PageInfo;
  totalCount: number;
}
export interface WebhookDeliveryEdge {
  cursor: string;
  node: WebhookDelivery;
}
export interface WebhookEdge {
  cursor: string;
  node: Webhook;
}
