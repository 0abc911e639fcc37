/**
 * PostgreSQL writes its log in the language of `lc_messages`. Names of files and settings, WAL segments and SQLSTATEs (`%e` in
 * log_line_prefix) are the same in all; the texts of errno and the few sentences that have no such mark are here as English, German, French,
 * Spanish, Italian, Portuguese and Russian have them. In any other language there is no sign, and without a sign nothing is destroyed.
 */
const anyOf = (...texts: readonly string[]): RegExp => new RegExp(texts.join('|'), 'i');

/** errno of the operating system, `%m`. */
export const NO_SPACE = anyOf(
  'No space left on device',
  'kein Speicherplatz mehr',
  'Aucun espace disponible',
  'No queda espacio en el dispositivo',
  'Spazio esaurito',
  'Não há espaço (?:disponível )?no dispositivo',
  'не осталось свободного места',
  'Disk quota exceeded',
  'Plattenplatz \\(Quota\\)',
  "quota d'espace disque",
);
export const NO_SUCH_FILE = anyOf(
  'No such file or directory',
  'Datei oder Verzeichnis nicht gefunden',
  'Aucun fichier ou (?:dossier|répertoire)',
  'No existe el (?:fichero|archivo) o el directorio',
  'File o directory non esistente',
  'Arquivo ou diretório (?:não encontrado|inexistente)',
  'Нет такого файла или каталога',
);
export const NO_PERMISSION = anyOf(
  'Permission denied',
  'Operation not permitted',
  'Keine Berechtigung',
  'Permission non accordée',
  'Permiso denegado',
  'Permesso negato',
  'Permissão negada',
  'Отказано в доступе',
);
export const MACHINE = anyOf(
  'Input/output error',
  'Eingabe-/Ausgabefehler',
  "Erreur d'entrée/sortie",
  'Error de entrada/salida',
  'Read-only file system',
  'Dateisystem ist nur lesbar',
  'accessible en lecture seulement',
  'sistema de (?:ficheros|archivos) de sólo lectura',
  'Cannot allocate memory',
  'Nicht genügend Hauptspeicher',
  'allouer de la mémoire',
  'Transport endpoint is not connected',
);
export const ADDRESS_IN_USE = anyOf(
  'Address already in use',
  'Die Adresse wird bereits verwendet',
  'Adresse déjà utilisée',
  'La dirección ya se está usando',
  'Indirizzo già in uso',
  'Endereço já em uso',
  'Адрес уже используется',
);

/** PostgreSQL's severities that end a process, as `log_line_prefix` is followed by them. */
export const FATAL = anyOf('\\b(?:FATAL|FATALE|PANIC|PANIK|PANICO)\\s*:', '(?:PÁNICO|PÂNICO|ВАЖНО|ПАНИКА)\\s*:');
export const PANIC = anyOf('\\b(?:PANIC|PANIK|PANICO)\\s*:', '(?:PÁNICO|PÂNICO|ПАНИКА)\\s*:');

export const ALREADY_REMOVED = anyOf(
  'already been removed',
  'wurde (?:schon|bereits) entfernt',
  'a déjà été (?:supprimé|effacé)',
  'ya ha sido (?:eliminado|movido)',
  'già stato rimosso',
  'já foi removido',
  'уже удал[её]н',
);
export const BAD_CHECKPOINT = anyOf(
  'could not locate (?:a valid|required) checkpoint record',
  'invalid (?:primary )?checkpoint record',
  'keinen gültigen Checkpoint-Datensatz',
  'ungültiger (?:primärer )?Checkpoint-Datensatz',
  'enregistrement (?:d.un )?point de (?:vérification|contrôle) (?:valide|invalide)',
  'registro del? punto de control',
);
export const INCOMPATIBLE = anyOf(
  'database files are incompatible with server',
  'Datenbankdateien sind inkompatibel mit Server',
  'fichiers de la base de données sont incompatibles',
  'archivos de (?:la )?base de datos son incompatibles',
  'файлы базы данных (?:не совместимы|несовместимы)',
);
export const BAD_CONTROL_FILE = anyOf(
  'incorrect checksum in control file',
  'control file contains invalid data',
  'falsche Prüfsumme in Kontrolldatei',
  'Kontrolldatei enthält ungültige Daten',
);
/** A copy that was interrupted half-way: by pg_rewind, by pg_basebackup, by a backup tool. */
export const TORN = anyOf(
  'WAL ends before (?:end of online backup|consistent recovery point)',
  'WAL endet vor (?:Ende|konsistentem)',
  'not in a state that can be recovered',
);
export const FORKED = anyOf(
  'forked off current database system timeline \\d+ before current recovery point',
  'requested timeline \\d+ is not a child of this server.s history',
  'requested starting point .{0,60}is not in this server.s history',
  'angeforderte Zeitleiste \\d+ ist kein Kind',
);
export const SETTING = anyOf(
  'invalid value for parameter',
  'unrecognized configuration parameter',
  'configuration file ".*?" contains errors',
  'insufficient parameter settings',
  'is a lower setting than on the primary',
  'could not load (?:server certificate|private key|root certificate)',
  'ungültiger Wert für Parameter',
  'unbekannter Konfigurationsparameter',
  'Konfigurationsdatei .{0,200}? enthält Fehler',
  'valeur invalide pour le paramètre',
  'paramètre de configuration .{0,80}? non reconnu',
  'fichier de configuration .{0,200}? contient des erreurs',
  'valor no válido para el parámetro',
  'parámetro de configuración .{0,80}? no reconocido',
);
